#!powershell
# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ansible_collections.sameca.pki.plugins.module_utils.SameCA
#AnsibleRequires -PowerShell ansible_collections.sameca.pki.plugins.module_utils.SameCAOptions

# One string for a list, a subject as a string, and an object as its JSON text are taken as by the modules for Unix.
if (Test-Path -LiteralPath variable:complex_args) { ConvertTo-SameCAArgument -Arguments $complex_args }
$module = [Ansible.Basic.AnsibleModule]::Create($args, (New-SameCAOption))
Set-SameCACaller -Name Ansible

try {
    $question = ConvertTo-SameCAQuestion -Params $module.Params
    $answer = Invoke-SameCACheck -Question $question
    $findings = @(Get-SameCAFinding -Report $answer.Report)
    $message = Get-SameCAMessage -Answer $answer
}
catch {
    Write-SameCAFailure -Module $module -Failure $_
}
$module.Result.report = $answer.Report
$module.Result.status = $answer.Report.status
$module.Result.compliant = ($answer.Report.status -eq 'compliant')
$module.Result.findings = $findings
$module.Result.unreadable_keys = @($answer.Unreadable | ForEach-Object { $_['message'] })
$module.Result.msg = $message
$module.ExitJson()
