#!powershell
# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ansible_collections.sameca.pki.plugins.module_utils.SameCA

$spec = @{
    options = @{
        requirement = @{ type = 'str'; required = $true }
        host = @{ type = 'str' }
        node = @{ type = 'str' }
        collected_at = @{ type = 'str' }
        reference = @{ type = 'list'; elements = 'str' }
        reference_document = @{ type = 'raw' }
        pinned_keys = @{ type = 'list'; elements = 'str'; no_log = $false }
        subjects = @{ type = 'list'; elements = 'str'; required = $true; aliases = @('subject') }
        candidates = @{ type = 'list'; elements = 'str' }
        privatekey_passphrase = @{ type = 'str'; no_log = $true; aliases = @('password') }
        candidate_passphrase = @{ type = 'str'; no_log = $true }
        authorities = @{ type = 'list'; elements = 'str' }
        policy = @{ type = 'dict' }
        key_exportable = @{ type = 'bool'; default = $false; no_log = $false }
        replace_staged = @{ type = 'bool'; default = $false }
        set_oauth_token_issuer = @{ type = 'bool'; default = $false; no_log = $false }
        binary_path = @{ type = 'path' }
    }
    required_one_of = @(, @('reference', 'reference_document', 'pinned_keys'))
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

# A credential of a passphrase; the user name is not used.
function New-Credential {
    [System.Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'builds a value, changes nothing')]
    param($Text)
    $secret = New-Object -TypeName System.Security.SecureString
    foreach ($letter in $Text.ToCharArray()) { $secret.AppendChar($letter) }
    return New-Object -TypeName System.Management.Automation.PSCredential -ArgumentList 'pfx', $secret
}

# What a diff shows of a certificate, and never a key.
function Get-Fact {
    param($Certificate)
    if ($null -eq $Certificate) { return @{} }
    $prints = @{}
    foreach ($digest in 'sha1', 'sha256') { $prints[$digest] = $Certificate.$digest -replace '(..)(?!$)', '$1:' }
    return @{ subject = $Certificate.subject; issuer = $Certificate.issuer; not_after = $Certificate.not_after; fingerprints = $prints }
}

$failed = @()
try {
    $parts = @{
        Requirement         = $module.Params.requirement
        HostName            = $module.Params.host
        CollectedAt         = $module.Params.collected_at
        Reference           = $module.Params.reference
        PinnedKey           = $module.Params.pinned_keys
        Subject             = $module.Params.subjects
        Candidate           = $module.Params.candidates
        Authority           = $module.Params.authorities
        ReplaceStaged       = $module.Params.replace_staged
        SetOAuthTokenIssuer = $module.Params.set_oauth_token_issuer
    }
    if ($module.Params.node -and (Get-Command New-SameCARequest).Parameters.ContainsKey('Node')) { $parts['Node'] = $module.Params.node }
    $document = $module.Params.reference_document
    if ($document -is [System.Collections.IDictionary]) { $parts['ReferenceDocument'] = $document } else { $parts['ReferencePath'] = [string]$document }
    if ($null -ne $module.Params.policy) { $parts['Policy'] = [hashtable]$module.Params.policy }
    if ($module.Params.privatekey_passphrase) { $parts['SubjectCredential'] = New-Credential $module.Params.privatekey_passphrase }
    if ($module.Params.candidate_passphrase) { $parts['CandidateCredential'] = New-Credential $module.Params.candidate_passphrase }
    $request = New-SameCARequest @parts

    $command = 'enforce'
    if ($module.CheckMode) { $command = 'enforce --what-if' }
    $report = (Invoke-SameCA -Command $command -Request $request -BinaryPath $module.Params.binary_path).Report
    $first = $report
    $actions = @($report.actions)
    $module.Result.changed = [bool]$report.changed
    # Of these the program chose alone; here they are carried out.
    $mine = @($actions | Where-Object { (Test-SameCAProperty $_ 'by') -and $_.by -eq 'caller' })
    if ($mine.Count -gt 0) {
        if ($module.CheckMode) {
            $module.Result.changed = $true
            $ahead = @{ Request = $request; Action = $mine }
            if ($parts.ContainsKey('CandidateCredential')) { $ahead['Credential'] = $parts['CandidateCredential'] }
            $request = New-SameCAForeseen @ahead
        }
        else {
            foreach ($action in $mine) {
                $choice = @{ Action = $action; Request = $request; Exportable = $module.Params.key_exportable }
                if ($parts.ContainsKey('CandidateCredential')) { $choice['Credential'] = $parts['CandidateCredential'] }
                try {
                    $null = Install-SameCAChoice @choice
                    $module.Result.changed = $true
                }
                catch { $failed += "$($action.subject): $($_.Exception.Message)" }
            }
            $command = 'check'
            $request = New-SameCARequest @parts
        }
        $report = (Invoke-SameCA -Command $command -Request $request -BinaryPath $module.Params.binary_path).Report
    }
    $findings = @(Get-SameCAFinding -Report $report)
    $module.Result.restart_required = @(Get-SameCARestart -Subject $module.Params.subjects)
}
catch {
    $module.FailJson($_.Exception.Message, $_)
}

if ($module.DiffMode -and $actions.Count -gt 0) {
    $before = @{}
    $after = @{}
    foreach ($action in $actions) {
        $old = @($first.subjects | Where-Object { $_.name -eq $action.subject })[0]
        $new = @($report.subjects | Where-Object { $_.name -eq $action.subject })[0]
        $was = $old.certificate
        $is = $new.certificate
        # What the program installed itself stands in its report.
        if ($mine -notcontains $action) {
            if (Test-SameCAProperty $old 'before') { $was = $old.before }
            if (Test-SameCAProperty $old 'after') { $is = $old.after }
        }
        $before[$action.subject] = Get-Fact $was
        $after[$action.subject] = Get-Fact $is
    }
    $module.Diff.before = $before
    $module.Diff.after = $after
}
$module.Result.report = $report
$module.Result.status = $report.status
$module.Result.compliant = ($report.status -eq 'compliant')
$module.Result.findings = $findings
$module.Result.actions = $actions
$module.Result.msg = $report.message

if ($report.status -ne 'compliant' -or $failed.Count -gt 0) {
    $why = @(foreach ($finding in $findings) {
            if (@('error', 'doubt') -notcontains $finding['severity']) { continue }
            $words = "$($finding['of']): $($finding['code']): $($finding['message'])"
            if ($finding.ContainsKey('hint')) { $words += " [$($finding['hint'])]" }
            $words
        })
    # Behind its first colon the message repeats the first of the findings.
    $module.FailJson("$(($report.message -split ': ')[0]): $(($why + $failed) -join '; ')")
}
$module.ExitJson()
