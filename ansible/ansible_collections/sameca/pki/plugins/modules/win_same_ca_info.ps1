#!powershell
# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ansible_collections.sameca.pki.plugins.module_utils.SameCA

# A source, as the modules for Unix take it too.
$tls = @{
    host = @{ type = 'str'; required = $true }
    port = @{ type = 'int'; default = 443 }
    server_name = @{ type = 'str' }
    starttls = @{ type = 'str'; choices = @('smtp', 'imap', 'pop3', 'ldap', 'xmpp') }
    timeout = @{ type = 'int'; default = 10 }
}
$source = @{
    spec = @{ type = 'str' }
    path = @{ type = 'path' }
    content = @{ type = 'str'; aliases = @('pem') }
    pkcs12 = @{ type = 'str'; no_log = $true }
    tls = @{ type = 'dict'; options = $tls }
    privatekey_passphrase = @{ type = 'str'; no_log = $true; aliases = @('password') }
    password_file = @{ type = 'path'; no_log = $false }
    password_env = @{ type = 'str'; no_log = $false }
}
$install = @{
    path = @{ type = 'path'; aliases = @('certificate') }
    privatekey_path = @{ type = 'path'; aliases = @('private_key') }
    chain_path = @{ type = 'path'; aliases = @('chain') }
    pkcs12_path = @{ type = 'path' }
    privatekey_passphrase = @{ type = 'str'; no_log = $true; aliases = @('password') }
    password_file = @{ type = 'path'; no_log = $false }
    password_env = @{ type = 'str'; no_log = $false }
    encryption = @{ type = 'str'; choices = @('legacy', 'aes') }
    backup = @{ type = 'bool'; default = $false }
}
$subject = @{
    name = @{ type = 'str'; required = $true }
    use = @{ type = 'str' }
    names = @{ type = 'list'; elements = 'str' }
    effective_from = @{ type = 'str' }
    source = @{ type = 'dict'; options = $source }
    any_of = @{ type = 'list'; elements = 'dict'; options = $source }
    install = @{ type = 'dict'; options = $install }
}
$policy = @{
    profile = @{ type = 'str'; choices = @('lync-server-2013', 'mutual-tls') }
    match = @{ type = 'str'; choices = @('key', 'authority', 'name') }
    level = @{ type = 'str'; choices = @('issuing', 'root') }
    proof = @{ type = 'str'; choices = @('signature', 'key-identifier', 'name') }
    references = @{ type = 'str'; choices = @('agree', 'any') }
    valid_at = @{ type = 'str' }
    warn_before_expiry = @{ type = 'str' }
    renew_before = @{ type = 'str' }
    names = @{ type = 'list'; elements = 'str' }
    extended_key_usage = @{ type = 'list'; elements = 'str' }
    distrust = @{ type = 'list'; elements = 'raw' }
    severity = @{ type = 'dict' }
}
$spec = @{
    options = @{
        requirement = @{ type = 'str'; required = $true }
        host = @{ type = 'str' }
        node = @{ type = 'str' }
        collected_at = @{ type = 'str' }
        reference = @{ type = 'list'; elements = 'str' }
        reference_document = @{ type = 'raw' }
        pinned_keys = @{ type = 'list'; elements = 'str'; no_log = $false }
        subjects = @{ type = 'list'; elements = 'dict'; options = $subject; required = $true; aliases = @('subject') }
        candidates = @{ type = 'list'; elements = 'str' }
        privatekey_passphrase = @{ type = 'str'; no_log = $true; aliases = @('password') }
        candidate_passphrase = @{ type = 'str'; no_log = $true }
        authorities = @{ type = 'list'; elements = 'str' }
        intermediates = @{ type = 'list'; elements = 'str' }
        policy = @{ type = 'dict'; options = $policy }
        key_readers = @{ type = 'list'; elements = 'str'; no_log = $false }
        binary_path = @{ type = 'path' }
        timeout = @{ type = 'int'; default = 300 }
    }
    supports_check_mode = $true
}
# One string for a list, a subject as a string, and an object as its JSON text are taken as by the modules for Unix.
if (Test-Path -LiteralPath variable:complex_args) { ConvertTo-SameCAArgument -Arguments $complex_args }
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
Set-SameCACaller -Name Ansible

try {
    $question = ConvertTo-SameCAQuestion -Params $module.Params
    $answer = Invoke-SameCACheck -Question $question
    $findings = @(Get-SameCAFinding -Report $answer.Report)
    $message = Get-SameCAMessage -Answer $answer
}
catch {
    # What same-ca itself answered, for programs.
    $fault = $_.Exception.Data['SameCA.Error']
    if ($null -ne $fault) { $module.Result.error = $fault }
    $module.Result.error_id = $_.FullyQualifiedErrorId
    $module.FailJson($_.Exception.Message, $_)
}
$module.Result.report = $answer.Report
$module.Result.status = $answer.Report.status
$module.Result.compliant = ($answer.Report.status -eq 'compliant')
$module.Result.findings = $findings
$module.Result.unreadable_keys = @($answer.Unreadable | ForEach-Object { $_['message'] })
$module.Result.msg = $message
$module.ExitJson()
