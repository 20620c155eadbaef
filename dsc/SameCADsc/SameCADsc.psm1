# The DSC resource: properties in, protocol requests out, and the report back as state.
Set-StrictMode -Version 2.0
Import-Module (Join-Path $PSScriptRoot 'SameCA.psm1') -Scope Local

class SameCAReason {
    [DscProperty()] [string] $Code
    [DscProperty()] [string] $Phrase
}

[DscResource()]
class SameCACertificate {
    # What this requirement is called in the configuration, in reports and in reasons.
    [DscProperty(Key)] [ValidateNotNullOrEmpty()] [string] $Name
    # The servers that set the rule: store:LOCATION/STORE/THUMBPRINT, lync:USE, a path, or tls://host:port.
    [DscProperty()] [string[]] $Reference
    # A reference document, as same-ca reference writes it.
    [DscProperty()] [string] $ReferencePath
    # SHA-256 of the keys of CAs that are allowed.
    [DscProperty()] [string[]] $PinnedKey
    # What must follow it, written as a reference is; store:LOCATION/STORE asks for one fitting certificate in that store.
    [DscProperty(Mandatory)] [ValidateNotNullOrEmpty()] [string[]] $Subject
    # CA certificates that the operator answers for.
    [DscProperty()] [string[]] $Authority
    # What Set may choose from; without it Set only reports.
    [DscProperty()] [string[]] $Candidate
    # Password of the PKCS#12 files among the candidates.
    [DscProperty()] [pscredential] $CandidateCredential
    # Password of the PKCS#12 files among the subjects and references.
    [DscProperty()] [pscredential] $SubjectCredential
    # The host names that each subject's certificate must cover; this server's own for a whole store.
    [DscProperty()] [string[]] $DnsName
    # lync-server-2013 or mutual-tls.
    [DscProperty()] [ValidateSet('lync-server-2013', 'mutual-tls')] [string] $Profile
    # What counts as the same CA: key, authority or name.
    [DscProperty()] [ValidateSet('key', 'authority', 'name')] [string] $Match
    # Which CA is meant: issuing or root.
    [DscProperty()] [ValidateSet('issuing', 'root')] [string] $Level
    # The weakest evidence that may count: signature, key-identifier or name.
    [DscProperty()] [ValidateSet('signature', 'key-identifier', 'name')] [string] $Proof
    # How long before its end a certificate is warned of, such as 30d.
    [DscProperty()] [string] $WarnBeforeExpiry
    # How long before its end a certificate is replaced by a candidate that lasts longer, such as 14d; not for a thumbprint.
    [DscProperty()] [string] $RenewBefore
    # Whether a private key that Set imports may be exported again.
    [DscProperty()] [bool] $KeyExportable
    # Accounts that may read the private keys of the subjects' certificates, such as NETWORK SERVICE: Test looks, and Set grants.
    [DscProperty()] [string[]] $KeyReaders
    # Whether Set may assign a use for which a staged certificate stands.
    [DscProperty()] [bool] $ReplaceStaged
    # Whether this server is the one that sets lync:OAuthTokenIssuer, which is global.
    [DscProperty()] [bool] $SetOAuthTokenIssuer
    # What your inventory calls this server, where that is not its host name; a report on a fleet goes by it.
    [DscProperty()] [string] $Node
    # A folder or share that gets the report after Test and Set, as HOST.NAME.json.
    [DscProperty()] [string] $ReportPath
    # The program; beside the module or in %ProgramFiles%\same-ca unless given.
    [DscProperty()] [string] $BinaryPath
    # After so many seconds the program is ended: 300 unless given.
    [DscProperty()] [ValidateRange(1, 86400)] [int] $Timeout

    # compliant, noncompliant or undetermined.
    [DscProperty(NotConfigurable)] [string] $Status
    # Thumbprints of the subjects' certificates.
    [DscProperty(NotConfigurable)] [string[]] $CurrentThumbprint
    # The CAs whose keys verified them.
    [DscProperty(NotConfigurable)] [string[]] $CurrentAuthority
    # Services that have not been started since Set assigned what they use.
    [DscProperty(NotConfigurable)] [string[]] $RestartRequired
    # What the status rests on.
    [DscProperty(NotConfigurable)] [SameCAReason[]] $Reasons
    # The whole report, as JSON, without the times of the run: two states of a server on which nothing changed are equal.
    [DscProperty(NotConfigurable)] [string] $Report

    SameCACertificate() {
        # DSC v3 hands over words where a configuration has them, and PowerShell takes every word for true.
        foreach ($flag in 'KeyExportable', 'ReplaceStaged', 'SetOAuthTokenIssuer') { Add-SameCAFlag -InputObject $this -Name $flag }
    }

    [SameCACertificate] Get() {
        $answer = Invoke-SameCACheck -Question $this.Question()
        $state = [SameCACertificate]::new()
        # Never a credential: what Get returns is printed and kept.
        $given = 'Name', 'Reference', 'ReferencePath', 'PinnedKey', 'Subject', 'Authority', 'Candidate', 'DnsName', 'Profile', 'Match',
        'Level', 'Proof', 'WarnBeforeExpiry', 'RenewBefore', 'KeyExportable', 'KeyReaders', 'ReplaceStaged', 'SetOAuthTokenIssuer', 'Node',
        'ReportPath', 'BinaryPath', 'Timeout'
        # What was not given need not be one of the words that a property takes.
        foreach ($property in $given) { if ($this.$property) { $state.$property = $this.$property } }
        $state.Status = $answer.Report.status
        $found = @($answer.Report.subjects)
        $state.CurrentThumbprint = @($found | Where-Object { $null -ne $_.certificate } | ForEach-Object { $_.certificate.sha1.ToUpperInvariant() })
        $issuers = @($found | Where-Object { $null -ne $_.issued_by } | ForEach-Object { $this.Describe($_.issued_by) })
        $state.CurrentAuthority = @($issuers | Sort-Object -Unique)
        $uses = @($this.Subject | Where-Object { $_ -like 'lync:*' } | ForEach-Object { $_.Substring(5) })
        $state.RestartRequired = @(Get-SameCARestart -Use $uses)
        $state.Reasons = $this.Explain($answer, @('error', 'doubt', 'warning'))
        $state.Report = Remove-SameCATime -Json $answer.Json
        return $state
    }

    [bool] Test() {
        $answer = Invoke-SameCACheck -Question $this.Question()
        $this.Keep($answer)
        # DSC v3 passes on what is written with -Verbose, and nothing else.
        foreach ($reason in $this.Explain($answer, @('error', 'doubt', 'warning'))) { Write-Verbose $reason.Phrase -Verbose }
        return ($answer.Report.status -eq 'compliant' -and $answer.Unreadable.Count -eq 0)
    }

    [void] Set() {
        $answer = Invoke-SameCAEnforce -Question $this.Question()
        $this.Keep($answer)
        foreach ($warning in $answer.Warnings) { Write-Warning "$($this.Name): $warning" }
        if ($answer.Restart.Count -gt 0) {
            Write-Warning "$($this.Name): restart these services, they still use the certificate of before: $($answer.Restart -join ', ')"
        }
        $failed = @($answer.Failures | ForEach-Object { "$($_['subject']): $($_['message'])" })
        if ($answer.Report.status -ne 'compliant') {
            $why = @($this.Explain($answer, @('error', 'doubt')) | ForEach-Object { $_.Phrase }) + $failed
            $words = "$($this.Name) is still $($answer.Report.status) after Set: $($why -join '; ')"
            Stop-SameCA -Id 'NotCompliant' -Category InvalidResult -Target $this.Name -Message $words
        }
        # What failed first may have been brought about by another candidate.
        if ($answer.Unreadable.Count -gt 0) {
            $words = "$($this.Name) is compliant, and yet not everything could be done: $($failed -join '; ')"
            Stop-SameCA -Id 'NotCompliant' -Category InvalidResult -Target $this.Name -Message $words
        }
        foreach ($told in $failed) { Write-Warning "$($this.Name): $told" }
    }

    # What is asked, as the runner takes it.
    hidden [hashtable] Question() {
        # Before anything is done, and not after Set has.
        if ($this.ReportPath) { Assert-SameCAAbsolutePath -Path $this.ReportPath -Part 'report_path' }
        $rules = @{}
        $words = @{
            profile = 'Profile'
            match = 'Match'
            level = 'Level'
            proof = 'Proof'
            warn_before_expiry = 'WarnBeforeExpiry'
            renew_before = 'RenewBefore'
        }
        foreach ($word in $words.Keys) {
            $value = $this.($words[$word])
            if ($value) { $rules[$word] = $value }
        }
        if ($null -ne $this.DnsName -and $this.DnsName.Count -gt 0) { $rules['names'] = @($this.DnsName) }
        if (-not ($this.Reference -or $this.ReferencePath -or $this.PinnedKey)) {
            $text = "'$($this.Name)' has no reference: give servers in Reference, a reference document in ReferencePath or a key in PinnedKey"
            Stop-SameCA -Id 'BadOption' -Category InvalidArgument -Target 'Reference' -Message $text
        }
        return @{
            Requirement = $this.Name
            Reference = $this.Reference
            ReferencePath = $this.ReferencePath
            PinnedKey = $this.PinnedKey
            Subject = $this.Subject
            Authority = $this.Authority
            Candidate = $this.Candidate
            CandidateCredential = $this.CandidateCredential
            SubjectCredential = $this.SubjectCredential
            Policy = $rules
            ReplaceStaged = $this.ReplaceStaged
            SetOAuthTokenIssuer = $this.SetOAuthTokenIssuer
            Node = $this.Node
            Exportable = $this.KeyExportable
            KeyReader = $this.KeyReaders
            BinaryPath = $this.BinaryPath
            Timeout = $this.Timeout
        }
    }

    hidden [void] Keep([psobject] $answer) {
        if ($this.ReportPath) { Save-SameCAReport -Folder $this.ReportPath -Requirement $this.Name -Json $answer.Json }
    }

    hidden [string] Describe([psobject] $issuer) {
        if ((Test-SameCAProperty $issuer 'subject') -and $issuer.subject) { return $issuer.subject }
        return "key $($issuer.key_sha256)"
    }

    hidden [SameCAReason[]] Explain([psobject] $answer, [string[]] $severities) {
        $made = @(foreach ($told in @(Get-SameCAReason -Answer $answer -Severity $severities)) {
            $reason = [SameCAReason]::new()
            $reason.Code = "SameCACertificate:SameCACertificate:$($told['code'])"
            $reason.Phrase = "$($told['of']): $($told['message'])"
            if ($told['hint']) { $reason.Phrase += ". What to do: $($told['hint'])" }
            $reason
        })
        return $made
    }
}
