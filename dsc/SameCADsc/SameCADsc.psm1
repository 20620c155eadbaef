# The DSC resource: properties in, one protocol request out, and the report back as state.
Set-StrictMode -Version 2.0
Import-Module (Join-Path $PSScriptRoot 'SameCA.psm1') -Scope Local

class SameCAReason {
    [DscProperty()] [string] $Code
    [DscProperty()] [string] $Phrase
}

[DscResource()]
class SameCACertificate {
    # What this requirement is called in the configuration, in reports and in reasons.
    [DscProperty(Key)] [string] $Name
    # The servers that set the rule: store:LOCATION/STORE/THUMBPRINT, lync:USE, a path, or tls://host:port.
    [DscProperty()] [string[]] $Reference
    # A reference document, as same-ca reference writes it.
    [DscProperty()] [string] $ReferencePath
    # SHA-256 of the keys of CAs that are allowed.
    [DscProperty()] [string[]] $PinnedKey
    # What must follow it, written as a reference is; store:LOCATION/STORE asks for one fitting certificate in that store.
    [DscProperty(Mandatory)] [string[]] $Subject
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
    [DscProperty()] [string] $Profile
    # What counts as the same CA: key, authority or name.
    [DscProperty()] [string] $Match
    # Which CA is meant: issuing or root.
    [DscProperty()] [string] $Level
    # The weakest evidence that may count: signature, key-identifier or name.
    [DscProperty()] [string] $Proof
    # How long before its end a certificate is warned of, such as 30d.
    [DscProperty()] [string] $WarnBeforeExpiry
    # How long before its end a certificate is replaced by a candidate that lasts longer, such as 14d.
    [DscProperty()] [string] $RenewBefore
    # Whether a private key that Set imports may be exported again.
    [DscProperty()] [bool] $KeyExportable
    # Whether Set may assign a use for which a staged certificate stands.
    [DscProperty()] [bool] $ReplaceStaged
    # Whether this server is the one that sets lync:OAuthTokenIssuer, which is global.
    [DscProperty()] [bool] $SetOAuthTokenIssuer
    # A folder or share that gets the report after Test and Set, as HOST.NAME.json.
    [DscProperty()] [string] $ReportPath
    # The program; beside the module or in %ProgramFiles%\same-ca unless given.
    [DscProperty()] [string] $BinaryPath

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
    # The whole report, as JSON.
    [DscProperty(NotConfigurable)] [string] $Report

    [SameCACertificate] Get() {
        $answer = $this.Ask('check', $this.Request())
        $state = [SameCACertificate]::new()
        # Never a credential: what Get returns is printed and kept.
        $given = 'Name', 'Reference', 'ReferencePath', 'PinnedKey', 'Subject', 'Authority', 'Candidate', 'DnsName', 'Profile', 'Match',
            'Level', 'Proof', 'WarnBeforeExpiry', 'RenewBefore', 'KeyExportable', 'ReplaceStaged', 'SetOAuthTokenIssuer', 'ReportPath', 'BinaryPath'
        foreach ($property in $given) { $state.$property = $this.$property }
        $state.Status = $answer.Report.status
        $found = @($answer.Report.subjects)
        $state.CurrentThumbprint = @($found | Where-Object { $null -ne $_.certificate } | ForEach-Object { $_.certificate.sha1.ToUpperInvariant() })
        $issuers = @($found | Where-Object { $null -ne $_.issued_by } | ForEach-Object { $this.Describe($_.issued_by) })
        $state.CurrentAuthority = @($issuers | Sort-Object -Unique)
        $state.RestartRequired = @(Get-SameCARestart -Subject $this.Subject)
        $state.Reasons = $this.Explain($answer.Report, @('error', 'doubt', 'warning'))
        $state.Report = $answer.Json
        return $state
    }

    [bool] Test() {
        $answer = $this.Ask('check', $this.Request())
        $this.Keep($answer)
        foreach ($reason in $this.Explain($answer.Report, @('error', 'doubt', 'warning'))) { Write-Verbose $reason.Phrase }
        return ($answer.Report.status -eq 'compliant')
    }

    [void] Set() {
        $request = $this.Request()
        $answer = $this.Ask('enforce', $request)
        $failed = @()
        foreach ($action in $answer.Report.actions) {
            if (-not (Test-SameCAProperty $action 'by') -or $action.by -ne 'caller') { continue }
            $choice = @{ Action = $action; Request = $request; Credential = $this.CandidateCredential; Exportable = $this.KeyExportable }
            # The other subjects are carried out all the same.
            try { $null = Install-SameCAChoice @choice } catch { $failed += "$($action.subject): $($_.Exception.Message)" }
        }
        $after = $this.Ask('check', $this.Request())
        $this.Keep($after)
        $services = @(Get-SameCARestart -Subject $this.Subject)
        if ($services.Count -gt 0) { Write-Warning "$($this.Name): restart these services, they still use the certificate of before: $($services -join ', ')" }
        if ($after.Report.status -ne 'compliant') {
            $why = @($this.Explain($after.Report, @('error', 'doubt')) | ForEach-Object { $_.Phrase }) + $failed + $this.PassedOver($answer.Report)
            throw "$($this.Name) is still $($after.Report.status) after Set: $($why -join '; ')"
        }
        if ($failed.Count -gt 0) { throw "$($this.Name) is compliant, and yet not everything could be done: $($failed -join '; ')" }
    }

    hidden [hashtable] Request() {
        # Before anything is done, and not after Set has.
        if ($this.ReportPath) { Assert-SameCAAbsolutePath -Path $this.ReportPath }
        $rules = @{}
        $words = @{ profile = 'Profile'; match = 'Match'; level = 'Level'; proof = 'Proof'; warn_before_expiry = 'WarnBeforeExpiry'; renew_before = 'RenewBefore' }
        foreach ($word in $words.Keys) {
            $value = $this.($words[$word])
            if ($value) { $rules[$word] = $value }
        }
        if ($this.DnsName) { $rules['names'] = @($this.DnsName) }
        $parts = @{
            Requirement         = $this.Name
            Reference           = $this.Reference
            ReferencePath       = $this.ReferencePath
            PinnedKey           = $this.PinnedKey
            Subject             = $this.Subject
            Authority           = $this.Authority
            Candidate           = $this.Candidate
            CandidateCredential = $this.CandidateCredential
            SubjectCredential   = $this.SubjectCredential
            Policy              = $rules
            ReplaceStaged       = $this.ReplaceStaged
            SetOAuthTokenIssuer = $this.SetOAuthTokenIssuer
        }
        return New-SameCARequest @parts
    }

    hidden [psobject] Ask([string] $command, [hashtable] $request) {
        return Invoke-SameCA -Command $command -Request $request -BinaryPath $this.BinaryPath
    }

    hidden [void] Keep([psobject] $answer) {
        if ($this.ReportPath) { Save-SameCAReport -Folder $this.ReportPath -Requirement $this.Name -Json $answer.Json }
    }

    hidden [string] Describe([psobject] $issuer) {
        if ((Test-SameCAProperty $issuer 'subject') -and $issuer.subject) { return $issuer.subject }
        return "key $($issuer.key_sha256)"
    }

    hidden [SameCAReason[]] Explain([psobject] $said, [string[]] $severities) {
        $found = @(
            $this.Reason('reference', $said.reference.findings, $severities)
            foreach ($entry in $said.reference.members) { $this.Reason($entry.name, $entry.findings, $severities) }
            foreach ($entry in $said.subjects) { $this.Reason($entry.name, $entry.findings, $severities) }
        )
        return $found
    }

    hidden [SameCAReason[]] Reason([string] $what, [object[]] $findings, [string[]] $severities) {
        $made = @(foreach ($finding in $findings) {
            if ($severities -notcontains $finding.severity) { continue }
            $told = [SameCAReason]::new()
            $told.Code = "SameCACertificate:SameCACertificate:$($finding.code)"
            $told.Phrase = "${what}: $($finding.message)"
            if (Test-SameCAProperty $finding 'hint') { $told.Phrase += ". What to do: $($finding.hint)" }
            $told
        })
        return $made
    }

    # Why no candidate was taken.
    hidden [string[]] PassedOver([psobject] $said) {
        $made = @(foreach ($entry in $said.subjects) {
            if (-not (Test-SameCAProperty $entry 'passed_over')) { continue }
            foreach ($other in $entry.passed_over) {
                if ($other.from -ne 'candidates') { continue }
                foreach ($finding in $other.findings) { "$($entry.name), candidate $($other.index + 1): $($finding.message)" }
            }
        })
        return $made
    }
}
