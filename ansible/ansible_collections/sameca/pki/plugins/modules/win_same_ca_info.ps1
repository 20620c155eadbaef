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

try {
    $parts = @{
        Requirement = $module.Params.requirement
        HostName    = $module.Params.host
        CollectedAt = $module.Params.collected_at
        Reference   = $module.Params.reference
        PinnedKey   = $module.Params.pinned_keys
        Subject     = $module.Params.subjects
        Candidate   = $module.Params.candidates
        Authority   = $module.Params.authorities
    }
    if ($module.Params.node -and (Get-Command New-SameCARequest).Parameters.ContainsKey('Node')) { $parts['Node'] = $module.Params.node }
    $document = $module.Params.reference_document
    if ($document -is [System.Collections.IDictionary]) { $parts['ReferenceDocument'] = $document } else { $parts['ReferencePath'] = [string]$document }
    if ($null -ne $module.Params.policy) { $parts['Policy'] = [hashtable]$module.Params.policy }
    if ($module.Params.privatekey_passphrase) { $parts['SubjectCredential'] = New-Credential $module.Params.privatekey_passphrase }
    if ($module.Params.candidate_passphrase) { $parts['CandidateCredential'] = New-Credential $module.Params.candidate_passphrase }
    $request = New-SameCARequest @parts
    $report = (Invoke-SameCA -Command check -Request $request -BinaryPath $module.Params.binary_path).Report
    $findings = @(Get-SameCAFinding -Report $report)
}
catch {
    $module.FailJson($_.Exception.Message, $_)
}
$module.Result.report = $report
$module.Result.status = $report.status
$module.Result.compliant = ($report.status -eq 'compliant')
$module.Result.findings = $findings
$module.Result.msg = $report.message
$module.ExitJson()
