#!powershell
# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ansible_collections.sameca.pki.plugins.module_utils.SameCA
#AnsibleRequires -PowerShell ansible_collections.sameca.pki.plugins.module_utils.SameCAOptions

# One string for a list, a subject as a string, and an object as its JSON text are taken as by the modules for Unix.
if (Test-Path -LiteralPath variable:complex_args) { ConvertTo-SameCAArgument -Arguments $complex_args }
$module = [Ansible.Basic.AnsibleModule]::Create($args, (New-SameCAOption -Enforce))
Set-SameCACaller -Name Ansible

# What a diff shows of a certificate, and never a key.
function Get-Fact {
    param($Certificate)
    if ($null -eq $Certificate) { return @{} }
    $prints = @{}
    foreach ($digest in 'sha1', 'sha256') { $prints[$digest] = $Certificate.$digest -replace '(..)(?!$)', '$1:' }
    return @{ subject = $Certificate.subject; issuer = $Certificate.issuer; not_after = $Certificate.not_after; fingerprints = $prints }
}

try {
    $question = ConvertTo-SameCAQuestion -Params $module.Params
    $answer = Invoke-SameCAEnforce -Question $question -Foresee:$module.CheckMode
    $findings = @(Get-SameCAFinding -Report $answer.Report)
    $message = Get-SameCAMessage -Answer $answer
}
catch {
    Write-SameCAFailure -Module $module -Failure $_
}
foreach ($warning in $answer.Warnings) { $module.Warn($warning) }
if ($module.DiffMode -and $answer.Done.Count -gt 0) {
    $before = @{}
    $after = @{}
    foreach ($action in $answer.Done) {
        $old = @($answer.First.subjects | Where-Object { $_.name -eq $action.subject })[0]
        $new = @($answer.Report.subjects | Where-Object { $_.name -eq $action.subject })[0]
        $was = $old.certificate
        $is = $new.certificate
        # What the program installed itself is in its report.
        if (-not (Test-SameCAProperty $action 'by') -or $action.by -ne 'caller') {
            if (Test-SameCAProperty $old 'before') { $was = $old.before }
            if (Test-SameCAProperty $old 'after') { $is = $old.after }
        }
        $before[$action.subject] = Get-Fact $was
        $after[$action.subject] = Get-Fact $is
    }
    $module.Diff.before = $before
    $module.Diff.after = $after
}
$module.Result.changed = [bool]$answer.Changed
$module.Result.report = $answer.Report
$module.Result.status = $answer.Report.status
$module.Result.compliant = ($answer.Report.status -eq 'compliant')
$module.Result.findings = $findings
$module.Result.actions = @($answer.Done)
$module.Result.failures = @($answer.Failures | ForEach-Object {
    @{ subject = $_['subject']; use = $_['use']; certificate = $_['certificate']; message = $_['message'] }
})
$module.Result.restart_required = @($answer.Restart)
$module.Result.restart_needed = [bool]$answer.Changed -and @($answer.Done | Where-Object { 'assign', 'install' -contains $_.action }).Count -gt 0
$backups = @($answer.Done | Where-Object { Test-SameCAProperty $_ 'backups' } | ForEach-Object { $_.backups } | Where-Object { $_ })
if ($backups.Count -gt 0) {
    $module.Result.backup_file = $backups[0]
    $module.Result.backup_files = $backups
}
$module.Result.key_readers_granted = @($answer.Granted)
$module.Result.msg = $message
if ($answer.Report.status -ne 'compliant' -or $answer.Unreadable.Count -gt 0) { $module.FailJson($message) }
# What failed first was brought about by another candidate.
foreach ($failure in $answer.Failures) { $module.Warn("$($failure['subject']): $($failure['message'])") }
$module.ExitJson()
