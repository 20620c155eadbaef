#!powershell
# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ansible_collections.sameca.pki.plugins.module_utils.SameCA
#AnsibleRequires -PowerShell ansible_collections.sameca.pki.plugins.module_utils.SameCAOptions

# A source as a string, one string for a list, and an object as its JSON text are taken as by the module for Unix.
if (Test-Path -LiteralPath variable:complex_args) { ConvertTo-SameCAArgument -Arguments $complex_args }
$module = [Ansible.Basic.AnsibleModule]::Create($args, (New-SameCAInspectOption))
Set-SameCACaller -Name Ansible

try {
    $sources = @($module.Params.sources)
    $answer = Get-SameCACertificate -Source $sources -ValidAt $module.Params.valid_at -BinaryPath $module.Params.binary_path -Timeout $module.Params.timeout
}
catch {
    Write-SameCAFailure -Module $module -Failure $_
}
$many = @{ $true = ''; $false = 's' }
$module.Result.certificates = @($answer.Certificates)
$module.Result.findings = @($answer.Findings)
$module.Result.msg = "$($answer.Certificates.Count) certificate$($many[$answer.Certificates.Count -eq 1]) in $($sources.Count) source$($many[$sources.Count -eq 1])"
$module.ExitJson()
