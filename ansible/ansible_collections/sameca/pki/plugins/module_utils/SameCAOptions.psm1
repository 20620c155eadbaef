# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

# The options of a source.
function New-SameCASourceOption {
    [OutputType([hashtable])]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'builds a value, changes nothing')]
    param()
    $tls = @{
        host = @{ type = 'str'; required = $true }
        port = @{ type = 'int'; default = 443 }
        server_name = @{ type = 'str' }
        starttls = @{ type = 'str'; choices = @('smtp', 'imap', 'pop3', 'ldap', 'xmpp') }
        timeout = @{ type = 'int'; default = 10 }
    }
    return @{
        options = @{
            spec = @{ type = 'str' }
            path = @{ type = 'path' }
            content = @{ type = 'str'; aliases = @('pem') }
            pkcs12 = @{ type = 'str'; no_log = $true }
            tls = @{ type = 'dict'; options = $tls }
            privatekey_passphrase = @{ type = 'str'; no_log = $true; aliases = @('password') }
            password_file = @{ type = 'path'; no_log = $false }
            password_env = @{ type = 'str'; no_log = $false }
        }
        required_one_of = @(, @('spec', 'path', 'content', 'pkcs12', 'tls'))
        mutually_exclusive = @(
            @('spec', 'path', 'content', 'pkcs12', 'tls'),
            @('privatekey_passphrase', 'password_file', 'password_env')
        )
    }
}

function New-SameCAOption {
    <#
    .SYNOPSIS
        The options of the Windows modules, in the words of the modules for Unix.
    .PARAMETER Enforce
        With those that only the module takes that changes something.
    .OUTPUTS
        The argument spec.
    .EXAMPLE
        $module = [Ansible.Basic.AnsibleModule]::Create($args, (New-SameCAOption))
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'builds a value, changes nothing')]
    param([switch] $Enforce)
    $source = New-SameCASourceOption
    $member = @{
        options = @{
            name = @{ type = 'str'; required = $true }
            use = @{ type = 'str' }
            source = @{ type = 'dict' } + $source
            authority = @{ type = 'dict' } + $source
            key_sha256 = @{ type = 'str'; no_log = $false }
        }
        required_one_of = @(, @('source', 'authority', 'key_sha256'))
        mutually_exclusive = @(, @('source', 'authority', 'key_sha256'))
    }
    $install = @{
        options = @{
            path = @{ type = 'path'; aliases = @('certificate') }
            privatekey_path = @{ type = 'path'; aliases = @('private_key') }
            chain_path = @{ type = 'path'; aliases = @('chain') }
            pkcs12_path = @{ type = 'path' }
            privatekey_passphrase = @{ type = 'str'; no_log = $true; aliases = @('password') }
            password_file = @{ type = 'path'; no_log = $false }
            password_env = @{ type = 'str'; no_log = $false }
            encryption = @{ type = 'str'; choices = @('legacy', 'aes') }
            backup = @{ type = 'bool'; default = $false }
            replace_unreadable = @{ type = 'bool'; default = $false }
        }
        required_one_of = @(, @('path', 'pkcs12_path'))
        mutually_exclusive = @(
            @('path', 'pkcs12_path'),
            @('pkcs12_path', 'privatekey_path'),
            @('pkcs12_path', 'chain_path'),
            @('privatekey_passphrase', 'password_file', 'password_env')
        )
        required_by = @{
            encryption = 'pkcs12_path'
            privatekey_passphrase = 'pkcs12_path'
            password_file = 'pkcs12_path'
            password_env = 'pkcs12_path'
        }
    }
    $subject = @{
        options = @{
            name = @{ type = 'str'; required = $true }
            use = @{ type = 'str' }
            names = @{ type = 'list'; elements = 'str' }
            effective_from = @{ type = 'str' }
            source = @{ type = 'dict' } + $source
            any_of = @{ type = 'list'; elements = 'dict' } + $source
            candidates = @{ type = 'list'; elements = 'dict' } + $source
            install = @{ type = 'dict' } + $install
        }
        required_one_of = @(, @('source', 'any_of', 'install'))
        mutually_exclusive = @(, @('source', 'any_of'))
    }
    $policy = @{
        options = @{
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
    }
    $options = @{
        requirement = @{ type = 'str'; required = $true }
        host = @{ type = 'str' }
        node = @{ type = 'str' }
        collected_at = @{ type = 'str' }
        reference = @{ type = 'list'; elements = 'dict' } + $member
        reference_document = @{ type = 'raw' }
        pinned_keys = @{ type = 'list'; elements = 'str'; no_log = $false }
        subjects = @{ type = 'list'; elements = 'dict'; required = $true; aliases = @('subject') } + $subject
        candidates = @{ type = 'list'; elements = 'dict' } + $source
        privatekey_passphrase = @{ type = 'str'; no_log = $true; aliases = @('password') }
        candidate_passphrase = @{ type = 'str'; no_log = $true }
        authorities = @{ type = 'list'; elements = 'dict' } + $source
        intermediates = @{ type = 'list'; elements = 'dict' } + $source
        policy = @{ type = 'dict' } + $policy
        key_readers = @{ type = 'list'; elements = 'str'; no_log = $false }
        binary_path = @{ type = 'path' }
        timeout = @{ type = 'int'; default = 300 }
    }
    $enforced = @{
        key_exportable = @{ type = 'bool'; default = $false; no_log = $false }
        replace_staged = @{ type = 'bool'; default = $false }
        set_oauth_token_issuer = @{ type = 'bool'; default = $false; no_log = $false }
    }
    if ($Enforce) { $options += $enforced }
    return @{
        options = $options
        required_one_of = @(, @('reference', 'reference_document', 'pinned_keys'))
        supports_check_mode = $true
    }
}

function New-SameCAInspectOption {
    <#
    .SYNOPSIS
        The options of the Windows module that tells the facts of certificates.
    .OUTPUTS
        The argument spec.
    .EXAMPLE
        $module = [Ansible.Basic.AnsibleModule]::Create($args, (New-SameCAInspectOption))
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'builds a value, changes nothing')]
    param()
    $source = New-SameCASourceOption
    return @{
        options = @{
            sources = @{ type = 'list'; elements = 'dict'; required = $true } + $source
            valid_at = @{ type = 'str' }
            binary_path = @{ type = 'path' }
            timeout = @{ type = 'int'; default = 300 }
        }
        supports_check_mode = $true
    }
}

function Write-SameCAFailure {
    <#
    .SYNOPSIS
        Ends a Windows module with why there is no answer, and with what same-ca itself answered, for programs.
    #>
    [CmdletBinding()]
    param(
        # The module.
        [Parameter(Mandatory)][object] $Module,
        # What was thrown.
        [Parameter(Mandatory)][Management.Automation.ErrorRecord] $Failure
    )
    $fault = $Failure.Exception.Data['SameCA.Error']
    if ($null -ne $fault) { $Module.Result.error = $fault }
    $version = $Failure.Exception.Data['SameCA.Version']
    if ($null -ne $version) { $Module.Result.version = $version }
    $Module.Result.error_id = $Failure.FullyQualifiedErrorId
    $Module.FailJson($Failure.Exception.Message, $Failure)
}

Export-ModuleMember -Function @('New-SameCAOption', 'New-SameCAInspectOption', 'Write-SameCAFailure')
