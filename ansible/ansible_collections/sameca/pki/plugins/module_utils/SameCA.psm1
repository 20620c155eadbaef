# Starts the same-ca binary and turns Windows' own places for certificates into protocol sources.
# Nothing here decides anything: the binary does. Windows PowerShell 5.1 syntax, ASCII only.
Set-StrictMode -Version 2.0

# The oldest same-ca that answers what is asked here.
$script:OldestBinary = '0.1.0'
# What to do where Lync's cmdlets will not serve.
$script:Elsewhere = 'run this in Windows PowerShell 5.1 (in DSC v3: requireAdapter Microsoft.Adapter/WindowsPowerShell)'
$script:Rights = 'it needs an account in RTCUniversalServerAdmins: give PsDscRunAsCredential (DSC) or become (Ansible)'
# Where Lync keeps the certificates that it assigns.
$script:LyncStore = @{ Location = 'LocalMachine'; Store = 'My' }
# Keeps when a use was assigned, to tell which services have not been started since.
$script:StateFolder = [System.IO.Path]::Combine([System.Environment]::GetFolderPath('CommonApplicationData'), 'same-ca')
# Services that read a use's certificate when they start: Lync's own are all named RTC...
$script:UsedBy = @{
    Default             = @('RTC*')
    WebServicesInternal = @('W3SVC')
    WebServicesExternal = @('W3SVC')
    OAuthTokenIssuer    = @('RTCSRV', 'W3SVC')
}

function Invoke-SameCA {
    <#
    .SYNOPSIS
        Sends one protocol request to same-ca and returns its report.
    .DESCRIPTION
        The request, which may hold a password, goes through standard input alone. Throws when same-ca cannot be
        started, is too old, refuses the request, or answers anything but a protocol 1 report.
    .PARAMETER Command
        What is asked of same-ca: check, enforce, or enforce --what-if.
    .PARAMETER Request
        The request, as New-SameCARequest builds it.
    .PARAMETER BinaryPath
        The program. Looked for beside this module and in %ProgramFiles%\same-ca unless given.
    .OUTPUTS
        An object of Report (the report) and Json (the same as it was written).
    .EXAMPLE
        (Invoke-SameCA -Command check -Request $request).Report.status
    #>
    [CmdletBinding()]
    [OutputType([psobject])]
    param(
        [Parameter(Mandatory = $true)] [ValidateSet('check', 'enforce', 'enforce --what-if')] [string] $Command,
        [Parameter(Mandatory = $true)] [hashtable] $Request,
        [string] $BinaryPath
    )
    if ([string]::IsNullOrEmpty($BinaryPath)) { $BinaryPath = Find-SameCABinary }
    else { Assert-SameCAAbsolutePath -Path $BinaryPath }

    $utf8 = New-Object System.Text.UTF8Encoding $false
    $start = New-Object System.Diagnostics.ProcessStartInfo
    $start.FileName = $BinaryPath
    $start.Arguments = $Command
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $start.StandardOutputEncoding = $utf8
    $start.StandardErrorEncoding = $utf8

    try { $process = [System.Diagnostics.Process]::Start($start) }
    catch { throw "failed to start same-ca from '$BinaryPath': $($_.Exception.GetBaseException().Message); install it there, or give the path where it is" }
    try {
        # Both outputs are read while the request is written: a full pipe on either side would hang the other.
        $stdout = $process.StandardOutput.ReadToEndAsync()
        $stderr = $process.StandardError.ReadToEndAsync()
        $bytes = $utf8.GetBytes((ConvertTo-Json -InputObject $Request -Depth 16 -Compress))
        try {
            $process.StandardInput.BaseStream.Write($bytes, 0, $bytes.Length)
            $process.StandardInput.Close()
        }
        catch [System.IO.IOException] {
            Write-Verbose 'same-ca stopped reading before the whole request was written; its answer says why'
        }
        $process.WaitForExit()
        $json = $stdout.Result
        $answer = ConvertFrom-SameCAAnswer -Text $json
        if ($null -ne $answer -and (Test-SameCAProperty $answer 'error')) {
            throw "same-ca refused the request: $($answer.error.message) ($($answer.error.code))"
        }
        if ($null -eq $answer -or $process.ExitCode -ne 0) {
            $told = $stderr.Result.Trim()
            if (-not $told) { $told = "it wrote $($json.Length) characters that are no report" }
            throw "same-ca gave no report (exit code $($process.ExitCode)): $told; is '$BinaryPath' a whole same-ca? Install it anew if '--version' fails too"
        }
        Assert-SameCAReport -Answer $answer -BinaryPath $BinaryPath
        return [pscustomobject]@{ Report = $answer; Json = $json.Trim() }
    }
    finally {
        if (-not $process.HasExited) { $process.Kill() }
        $process.Dispose()
    }
}

# What was answered is a report of a same-ca that is new enough; anything may stand where it should.
function Assert-SameCAReport {
    param([psobject] $Answer, [string] $BinaryPath)
    if (-not (Test-SameCAProperty $Answer 'protocol')) {
        throw "same-ca gave no report: '$BinaryPath' wrote JSON that names no protocol; is it same-ca?"
    }
    if ($Answer.protocol -ne 1) {
        throw "same-ca at '$BinaryPath' speaks protocol $($Answer.protocol); this module speaks protocol 1: install the two of one version"
    }
    $version = $null
    if ((Test-SameCAProperty $Answer 'tool') -and (Test-SameCAProperty $Answer.tool 'version')) {
        $version = ([string]$Answer.tool.version -replace '[-+].*$', '') -as [version]
    }
    if ($null -eq $version) { throw "same-ca gave no report: '$BinaryPath' does not say its version; is it same-ca?" }
    if ($version -lt [version]$script:OldestBinary) {
        throw "same-ca at '$BinaryPath' is version $($Answer.tool.version); install $($script:OldestBinary) or later"
    }
    foreach ($part in 'status', 'reference', 'subjects') {
        if (-not (Test-SameCAProperty $Answer $part)) { throw "same-ca gave no report: '$BinaryPath' wrote JSON without '$part'; install it anew" }
    }
}

# Beside the module, then in the folder that the installation uses. On Windows never by PATH: DSC runs as SYSTEM.
function Find-SameCABinary {
    $windows = Test-SameCAPlatform
    $places = @()
    # Loaded from a string, as Ansible does it, a module has no folder.
    if (-not [string]::IsNullOrEmpty($PSScriptRoot)) { $places += $PSScriptRoot }
    if ($windows) { $places += Join-Path $env:ProgramFiles 'same-ca' } else { $places += @($env:PATH -split ':') + '/usr/local/bin' }
    $name = 'same-ca'
    if ($windows) { $name = 'same-ca.exe' }
    foreach ($place in $places) {
        $candidate = [System.IO.Path]::Combine($place, $name)
        if (Test-Path -LiteralPath $candidate -PathType Leaf) { return $candidate }
    }
    throw "$name was not found in $($places -join ', '); install it, or give its path"
}

# Whether this is Windows; 5.1 has no $IsWindows.
function Test-SameCAPlatform { return ([System.IO.Path]::DirectorySeparatorChar -eq '\') }

function ConvertFrom-SameCAAnswer {
    param([string] $Text)
    # PowerShell 7 turns ISO dates into local DateTime objects unless told not to; 5.1 has no such parameter.
    $options = @{}
    if ((Get-Command ConvertFrom-Json).Parameters.ContainsKey('DateKind')) { $options['DateKind'] = 'String' }
    try { return (ConvertFrom-Json -InputObject $Text @options) } catch { return $null }
}

function Test-SameCAProperty {
    <#
    .SYNOPSIS
        Whether an object has a property: under strict mode reading one that is absent throws.
    .PARAMETER InputObject
        The object.
    .PARAMETER Name
        The property's name.
    .EXAMPLE
        Test-SameCAProperty $action 'by'
    #>
    param($InputObject, [string] $Name)
    return ($null -ne $InputObject -and $null -ne $InputObject.PSObject.Properties[$Name])
}

function Assert-SameCAAbsolutePath {
    <#
    .SYNOPSIS
        Throws unless a path is absolute: a relative one would be looked for where DSC or Ansible happen to run, in System32.
    .PARAMETER Path
        The path.
    .EXAMPLE
        Assert-SameCAAbsolutePath -Path \\files\reports
    #>
    param([Parameter(Mandatory = $true)] [string] $Path)
    $absolute = '^/'
    if (Test-SameCAPlatform) { $absolute = '^([A-Za-z]:[\\/]|\\\\)' }
    if ($Path -notmatch $absolute) { throw "'$Path' is not an absolute path; write the whole path" }
}

# A source as people write it, taken apart: kind is store, lync, tls or path.
function Read-SameCASource {
    [CmdletBinding()]
    [OutputType([hashtable])]
    param([Parameter(Mandatory = $true)] [string] $Source)
    if ($Source -match '^store:(?<location>LocalMachine|CurrentUser)/(?<store>[^/]+)(/(?<thumbprint>[0-9A-Fa-f :\u200E]+))?$') {
        $thumbprint = ''
        if ($Matches.ContainsKey('thumbprint')) { $thumbprint = $Matches['thumbprint'] -replace '[^0-9A-Fa-f]', '' }
        return @{ kind = 'store'; location = $Matches['location']; store = $Matches['store']; thumbprint = $thumbprint }
    }
    if ($Source -match '^lync:(?<use>\w+)$') { return @{ kind = 'lync'; use = $Matches['use'] } }
    if ($Source -match '^tls://') { return @{ kind = 'tls' } }
    if ($Source -match '^[A-Za-z][A-Za-z0-9+.-]+:') {
        throw "'$Source' is not a source: expected store:LocalMachine/My[/THUMBPRINT], store:CurrentUser/STORE[/THUMBPRINT], lync:USE, tls://host:port or an absolute path"
    }
    Assert-SameCAAbsolutePath -Path $Source
    return @{ kind = 'path' }
}

function New-SameCARequest {
    <#
    .SYNOPSIS
        Builds a request out of sources as people write them: store:LOCATION/STORE[/THUMBPRINT], lync:USE, a path, tls://host:port.
    .DESCRIPTION
        A subject that is a whole store, or a use or thumbprint without certificate, becomes any_of: the report then says what is
        missing. A whole store is asked for this host's name unless the policy gives names. What Lync staged for a use is a subject
        of its own. The Windows Root and NTAuth stores go along as authorities, the CA store as intermediates.
    .PARAMETER Requirement
        What the requirement is called in reports.
    .PARAMETER Reference
        The servers that set the rule; each source names one certificate.
    .PARAMETER ReferencePath
        A reference document that same-ca reference wrote.
    .PARAMETER ReferenceDocument
        The document itself, in place of its path.
    .PARAMETER PinnedKey
        SHA-256 of the keys of CAs that are allowed.
    .PARAMETER Subject
        What must follow the rule.
    .PARAMETER HostName
        What the report calls this host; its own name unless given.
    .PARAMETER CollectedAt
        When this was asked, as the report says it; now unless given.
    .PARAMETER Authority
        CA certificates that the operator answers for.
    .PARAMETER Candidate
        What may take the place of a subject that does not fit.
    .PARAMETER CandidateCredential
        Its password opens the PKCS#12 files among the candidates.
    .PARAMETER SubjectCredential
        Its password opens the PKCS#12 files among the subjects and references.
    .PARAMETER Policy
        The policy, in the protocol's names.
    .PARAMETER ReplaceStaged
        Also assigns a use for which a staged certificate stands.
    .PARAMETER SetOAuthTokenIssuer
        Also assigns lync:OAuthTokenIssuer, which is global and belongs to one server only.
    .OUTPUTS
        The request, for Invoke-SameCA.
    .EXAMPLE
        New-SameCARequest -Requirement persistent-chat -Reference lync:Default -Subject lync:WebServicesInternal
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    [System.Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'builds a value, changes nothing')]
    param(
        [Parameter(Mandatory = $true)] [string] $Requirement,
        [string[]] $Reference,
        [string] $ReferencePath,
        [System.Collections.IDictionary] $ReferenceDocument,
        [string[]] $PinnedKey,
        [Parameter(Mandatory = $true)] [string[]] $Subject,
        [string] $HostName,
        [string] $CollectedAt,
        [string[]] $Authority,
        [string[]] $Candidate,
        [pscredential] $CandidateCredential,
        [pscredential] $SubjectCredential,
        [hashtable] $Policy,
        [switch] $ReplaceStaged,
        [switch] $SetOAuthTokenIssuer
    )
    if ($ReferencePath -and $ReferenceDocument) { throw "'$Requirement' has two reference documents: give the path or the document itself" }
    if (-not ($Reference -or $ReferencePath -or $ReferenceDocument -or $PinnedKey)) {
        throw "'$Requirement' has no reference: give servers, a reference document or a pinned key"
    }
    $members = @(
        foreach ($source in $Reference) { New-SameCAMember -Source $source -Credential $SubjectCredential }
        foreach ($key in $PinnedKey) { @{ name = "pinned key $key"; key_sha256 = $key } }
    )
    $options = @{
        Credential          = $SubjectCredential
        Names               = @()
        Mend                = [bool]$Candidate
        ReplaceStaged       = [bool]$ReplaceStaged
        SetOAuthTokenIssuer = [bool]$SetOAuthTokenIssuer
    }
    if (-not ($Policy -and $Policy.ContainsKey('names'))) { $options['Names'] = @(Get-SameCAHostName) }
    $subjects = @(foreach ($source in $Subject) { New-SameCASubject -Source $source @options })
    if (-not $HostName) { $HostName = Get-SameCAHostName }
    if (-not $CollectedAt) { $CollectedAt = [System.DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ', [System.Globalization.CultureInfo]::InvariantCulture) }
    $vouched = @(foreach ($source in $Authority) { Resolve-SameCASource -Source $source })
    $request = @{
        protocol      = 1
        requirement   = $Requirement
        host          = $HostName
        collected_at  = $CollectedAt
        reference     = $members
        subjects      = $subjects
        authorities   = $vouched + @(Get-SameCAEvidence -Store 'Root') + @(Get-SameCAEvidence -Store 'NTAuth')
        intermediates = @(Get-SameCAEvidence -Store 'CA')
    }
    if ($ReferencePath) {
        Assert-SameCAAbsolutePath -Path $ReferencePath
        $request['reference_document'] = @{ path = $ReferencePath }
    }
    if ($ReferenceDocument) { $request['reference_document'] = $ReferenceDocument }
    if ($Candidate) {
        $request['candidates'] = @(foreach ($source in $Candidate) { Resolve-SameCASource -Source $source -Credential $CandidateCredential -WithKey })
    }
    if ($Policy) { $request['policy'] = $Policy }
    return $request
}

# A member without certificate is sent empty, so that the report names it.
function New-SameCAMember {
    [System.Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'builds a value, changes nothing')]
    param([string] $Source, [pscredential] $Credential)
    $found = @(Resolve-SameCASource -Source $Source -Credential $Credential)
    if ($found.Count -gt 1) { throw "reference '$Source' must name one certificate; it names $($found.Count)" }
    if ($found.Count -eq 1) { return @{ name = $Source; source = $found[0] } }
    return @{ name = $Source; source = @{ pem = '' } }
}

# One subject, and one more for each certificate that Lync has staged for its use.
function New-SameCASubject {
    [System.Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'builds a value, changes nothing')]
    param(
        [string] $Source,
        [pscredential] $Credential,
        [string[]] $Names,
        [bool] $Mend,
        [bool] $ReplaceStaged,
        [bool] $SetOAuthTokenIssuer
    )
    $parts = Read-SameCASource -Source $Source
    $entry = @{ name = $Source }
    if ($parts['kind'] -eq 'path' -and $Mend) {
        $entry['install'] = New-SameCAPlace -Path $Source -Credential $Credential
        return $entry
    }
    $staged = @()
    if ($parts['kind'] -eq 'lync') {
        $assigned = Get-SameCALyncAssignment -Use $parts['use']
        $staged = @($assigned['staged'])
        $entry['use'] = $parts['use']
        $found = @()
        $place = $script:LyncStore
        if ($assigned['current']) { $found = @(Get-SameCAStoreCertificate @place -Thumbprint $assigned['current'] -WithKey) }
        $kept = ($staged.Count -gt 0 -and -not $ReplaceStaged) -or ($parts['use'] -eq 'OAuthTokenIssuer' -and -not $SetOAuthTokenIssuer)
    }
    else {
        $found = @(Resolve-SameCASource -Source $Source -Credential $Credential -WithKey)
        $kept = $parts['kind'] -ne 'store'
    }
    $whole = $parts['kind'] -eq 'store' -and -not $parts['thumbprint']
    if ($found.Count -eq 1 -and -not $whole) { $entry['source'] = $found[0] } else { $entry['any_of'] = $found }
    if ($whole -and $Names) { $entry['names'] = @($Names) }
    if ($Mend -and -not $kept) { $entry['install'] = @{ by = 'caller' } }
    $entry
    foreach ($next in $staged) {
        $later = @{ name = "$Source staged for $($next['from'])"; use = $parts['use']; effective_from = $next['from'] }
        $found = @(Get-SameCAStoreCertificate @place -Thumbprint $next['thumbprint'] -WithKey)
        if ($found.Count -eq 1) { $later['source'] = $found[0] } else { $later['any_of'] = @() }
        $later
    }
}

# Where the binary itself keeps a path's certificate: told by the name, because the file need not be there yet.
function New-SameCAPlace {
    [System.Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'builds a value, changes nothing')]
    param([string] $Path, [pscredential] $Credential)
    if ($Path -notmatch '\.(pfx|p12)$') { return @{ certificate = $Path } }
    # The binary wants a password said, if only that there is none.
    $place = @{ pkcs12_path = $Path; password = '' }
    if ($null -ne $Credential) { $place['password'] = $Credential.GetNetworkCredential().Password }
    return $place
}

function Get-SameCAHostName {
    $name = [System.Net.Dns]::GetHostName()
    try { return [System.Net.Dns]::GetHostEntry($name).HostName } catch { return $name }
}

# CA certificates of the machine, as evidence; a store that is not there lends none.
function Get-SameCAEvidence {
    param([string] $Store)
    try { Get-SameCAStoreCertificate -Location LocalMachine -Store $Store }
    catch { Write-Verbose "store LocalMachine\$Store lends no evidence: $($_.Exception.Message)" }
}

# The protocol's sources for one that people write: several for a store, none for what has no certificate.
function Resolve-SameCASource {
    [CmdletBinding()]
    [OutputType([hashtable], [string])]
    param(
        [Parameter(Mandatory = $true)] [string] $Source,
        [pscredential] $Credential,
        [switch] $WithKey
    )
    $parts = Read-SameCASource -Source $Source
    if ($parts['kind'] -eq 'store') {
        return Get-SameCAStoreCertificate -Location $parts['location'] -Store $parts['store'] -Thumbprint $parts['thumbprint'] -WithKey:$WithKey
    }
    if ($parts['kind'] -eq 'lync') {
        $assigned = Get-SameCALyncAssignment -Use $parts['use']
        if (-not $assigned['current']) { return }
        $place = $script:LyncStore
        return Get-SameCAStoreCertificate @place -Thumbprint $assigned['current'] -WithKey:$WithKey
    }
    if ($null -ne $Credential -and $parts['kind'] -eq 'path' -and $Source -notmatch '\.(cer|crt|der|pem|p7b|p7c)$') {
        return @{ path = $Source; password = $Credential.GetNetworkCredential().Password }
    }
    return $Source
}

function Get-SameCAStoreCertificate {
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Mandatory = $true)] [string] $Location,
        [Parameter(Mandatory = $true)] [string] $Store,
        [string] $Thumbprint,
        [switch] $WithKey
    )
    $open = New-Object System.Security.Cryptography.X509Certificates.X509Store $Store, $Location
    try { $open.Open('ReadOnly, OpenExistingOnly') }
    catch {
        throw "failed to open certificate store $Location\${Store}: $($_.Exception.GetBaseException().Message); name a store that is there, and run as an account that may open it"
    }
    try {
        foreach ($certificate in $open.Certificates) {
            if ($Thumbprint -and $certificate.Thumbprint -ne $Thumbprint) { continue }
            $held = @{ der = [System.Convert]::ToBase64String($certificate.RawData) }
            if ($WithKey) {
                $key = Test-SameCAPrivateKey -Certificate $certificate
                if ($key['denied'] -and $Thumbprint) {
                    throw "the private key of $Thumbprint in $Location\$Store may not be opened by $([System.Environment]::UserName): $($key['denied']); let that account read the key, or give PsDscRunAsCredential (DSC) or become (Ansible)"
                }
                $held['private_key'] = $key['present']
                if ($key['provider']) { $held['key_provider'] = $key['provider'] }
            }
            $held
        }
    }
    finally { $open.Close() }
}

# HasPrivateKey stays true when the key's file is gone: only opening the key tells.
function Test-SameCAPrivateKey {
    param([System.Security.Cryptography.X509Certificates.X509Certificate2] $Certificate)
    $known = @{ present = $false; denied = $null; provider = $null }
    if (-not $Certificate.HasPrivateKey) { return $known }
    $extensions = 'System.Security.Cryptography.X509Certificates.RSACertificateExtensions' -as [type]
    # Before .NET Framework 4.6 there is nothing better to ask.
    if ($null -eq $extensions) { $known['present'] = $true; return $known }
    try {
        $key = $extensions::GetRSAPrivateKey($Certificate)
        if ($null -eq $key) { $key = [System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions]::GetECDsaPrivateKey($Certificate) }
        if ($null -eq $key) { return $known }
        $known['present'] = $true
        switch ($key.GetType().Name) {
            'RSACryptoServiceProvider' { $known['provider'] = $key.CspKeyContainerInfo.ProviderName }
            'RSACng' { $known['provider'] = $key.Key.Provider.Provider }
            'ECDsaCng' { $known['provider'] = $key.Key.Provider.Provider }
        }
        $key.Dispose()
    }
    catch {
        $cause = $_.Exception.GetBaseException()
        Write-Verbose "the private key of $($Certificate.Thumbprint) could not be opened: $($cause.Message)"
        # E_ACCESSDENIED and NTE_PERM.
        if ($cause -is [System.UnauthorizedAccessException] -or $cause.HResult -eq 0x80070005 -or $cause.HResult -eq 0x80090010) {
            $known['denied'] = $cause.Message
        }
    }
    return $known
}

# Thumbprint of the certificate that a use has now, or null, and what is staged for later.
function Get-SameCALyncAssignment {
    [CmdletBinding()]
    [OutputType([hashtable])]
    param([Parameter(Mandatory = $true)] [string] $Use)
    Import-SameCALync -Use $Use
    $now = [System.DateTime]::UtcNow
    $known = @{ current = $null; staged = @() }
    $since = [System.DateTime]::MinValue
    $before = $null
    try { $assigned = @(Get-CsCertificate -Type $Use -ErrorAction Stop) }
    catch {
        $hint = $script:Rights
        if ($PSVersionTable.PSVersion.Major -gt 5) { $hint = "$($script:Elsewhere); $hint" }
        throw "Get-CsCertificate failed for lync:${Use}: $($_.Exception.Message); $hint"
    }
    foreach ($entry in $assigned) {
        $from = [System.DateTime]::MinValue
        if ((Test-SameCAProperty $entry 'EffectiveDate') -and $null -ne $entry.EffectiveDate) { $from = ([System.DateTime]$entry.EffectiveDate).ToUniversalTime() }
        if ($from -gt $now) {
            $text = $from.ToString('yyyy-MM-ddTHH:mm:ssZ', [System.Globalization.CultureInfo]::InvariantCulture)
            $known['staged'] += @{ thumbprint = $entry.Thumbprint; from = $text }
            # Where one entry has both, the one before is in use until that day.
            if ((Test-SameCAProperty $entry 'PreviousThumbprint') -and $entry.PreviousThumbprint) { $before = $entry.PreviousThumbprint }
        }
        elseif ($null -eq $known['current'] -or $from -gt $since) {
            $known['current'] = $entry.Thumbprint
            $since = $from
        }
    }
    if ($null -eq $known['current']) { $known['current'] = $before }
    return $known
}

# Lync's cmdlets, also where its folder of modules is not on PSModulePath.
function Import-SameCALync {
    param([string] $Use)
    if (Get-Command -Name Get-CsCertificate -ErrorAction SilentlyContinue) { return }
    if ((Test-SameCAPlatform) -and $PSVersionTable.PSVersion.Major -le 5) {
        foreach ($place in 'Microsoft Lync Server 2013\Modules\Lync', 'Skype for Business Server 2015\Modules\SkypeForBusiness', 'Skype for Business Server 2019\Modules\SkypeForBusiness') {
            $folder = Join-Path $env:CommonProgramFiles $place
            if (Test-Path -LiteralPath $folder) { Import-Module $folder -Scope Global -Verbose:$false }
        }
        if (Get-Command -Name Get-CsCertificate -ErrorAction SilentlyContinue) { return }
    }
    $hint = 'install the Lync Server Management Shell there, or ask for a store or a path instead'
    if ($PSVersionTable.PSVersion.Major -gt 5) { $hint = $script:Elsewhere }
    throw "Get-CsCertificate was not found: lync:$Use needs Windows PowerShell on a server with the Lync Server Management Shell (module Lync or SkypeForBusiness); $hint"
}

function Install-SameCAChoice {
    <#
    .SYNOPSIS
        Carries out an assignment that same-ca chose: imports the chosen file where needed, and assigns a Lync use.
    .PARAMETER Action
        An action of the report whose by is caller.
    .PARAMETER Request
        The request that was answered.
    .PARAMETER Credential
        Its password opens the PKCS#12 files among the candidates.
    .PARAMETER Exportable
        Whether the imported private key may be exported.
    .OUTPUTS
        Thumbprint of what was installed or assigned; nothing where nothing was done.
    .EXAMPLE
        Install-SameCAChoice -Action $report.actions[0] -Request $request
    #>
    [CmdletBinding(SupportsShouldProcess = $true)]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)] [psobject] $Action,
        [Parameter(Mandatory = $true)] [hashtable] $Request,
        [pscredential] $Credential,
        [switch] $Exportable
    )
    $parts = Read-SameCASource -Source $Action.subject
    $place = $script:LyncStore
    if ($parts['kind'] -eq 'store') { $place = @{ Location = $parts['location']; Store = $parts['store'] } }
    $chosen = $Request['candidates'][$Action.candidate]
    if (-not $PSCmdlet.ShouldProcess($Action.subject, "install certificate $($Action.certificate)")) { return }
    if ($chosen -is [hashtable] -and $chosen.ContainsKey('der')) {
        $thumbprint = Get-SameCAThumbprint -Der ([System.Convert]::FromBase64String($chosen['der']))
        if (@(Get-SameCAStoreCertificate @place -Thumbprint $thumbprint).Count -eq 0) {
            throw "the chosen certificate $thumbprint is in another store than $($place['Location'])\$($place['Store']), and its private key cannot be moved from there; give it as a PKCS#12 file"
        }
    }
    else {
        $path = $chosen
        if ($chosen -is [hashtable]) { $path = $chosen['path'] }
        $import = @{ Path = $path; Credential = $Credential; Hash = $Action.certificate; Exportable = $Exportable }
        # Another certificate would not answer for the one that the subject names.
        if ($parts['kind'] -eq 'store' -and $parts['thumbprint']) { $import['Only'] = $parts['thumbprint'] }
        $thumbprint = Import-SameCACertificate @place @import
    }
    if ($parts['kind'] -eq 'lync') {
        $assign = @{ Type = $parts['use']; Thumbprint = $thumbprint; Confirm = $false; ErrorAction = 'Stop' }
        # This one is kept for the whole deployment, and Lync takes it to every Front End Server.
        if ($parts['use'] -eq 'OAuthTokenIssuer') { $assign['Identity'] = 'Global' }
        try { $null = Set-CsCertificate @assign }
        catch { throw "Set-CsCertificate failed to assign $thumbprint to lync:$($parts['use']): $($_.Exception.Message); $($script:Rights)" }
        Save-SameCAAssignment -Use $parts['use']
    }
    return $thumbprint
}

function New-SameCAForeseen {
    <#
    .SYNOPSIS
        The request as it would be after the choices of its report were carried out; nothing is touched.
    .PARAMETER Request
        The request that was answered.
    .PARAMETER Action
        The actions of the report whose by is caller.
    .PARAMETER Credential
        Its password opens the PKCS#12 files among the candidates.
    .OUTPUTS
        The request, for Invoke-SameCA.
    .EXAMPLE
        Invoke-SameCA -Command 'enforce --what-if' -Request (New-SameCAForeseen -Request $request -Action $chosen)
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    [System.Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'builds a value, changes nothing')]
    param(
        [Parameter(Mandatory = $true)] [hashtable] $Request,
        [Parameter(Mandatory = $true)] [object[]] $Action,
        [pscredential] $Credential
    )
    $uses = @($Action | Where-Object { Test-SameCAProperty $_ 'use' } | ForEach-Object { $_.use })
    $subjects = @(foreach ($subject in $Request['subjects']) {
            # What was staged for a use is gone when the use is assigned.
            if ($subject.ContainsKey('effective_from') -and $uses -contains $subject['use']) { continue }
            $chosen = @($Action | Where-Object { $_.subject -eq $subject['name'] })
            if ($chosen.Count -eq 0) { $subject; continue }
            $later = $subject.Clone()
            foreach ($gone in 'install', 'source', 'any_of') { $later.Remove($gone) }
            $next = $Request['candidates'][$chosen[0].candidate]
            $parts = Read-SameCASource -Source $subject['name']
            # A whole store keeps what it has; elsewhere a folder's one file takes the place.
            if ($parts['kind'] -eq 'store' -and -not $parts['thumbprint']) { $later['any_of'] = @($subject['any_of']) + @($next) }
            elseif ($next -is [hashtable] -and $next.ContainsKey('path')) {
                $next = $next.Clone()
                $next['path'] = Find-SameCAFile -Path $next['path'] -Credential $Credential -Hash $chosen[0].certificate
                $later['source'] = $next
            }
            elseif ($next -is [string]) { $later['source'] = Find-SameCAFile -Path $next -Hash $chosen[0].certificate }
            else { $later['source'] = $next }
            $later
        })
    $foreseen = $Request.Clone()
    $foreseen['subjects'] = $subjects
    return $foreseen
}

# SHA-1 of a certificate, as Windows writes a thumbprint.
function Get-SameCAThumbprint {
    param([byte[]] $Der)
    $certificate = New-Object System.Security.Cryptography.X509Certificates.X509Certificate2 @(, $Der)
    return $certificate.Thumbprint
}

function Import-SameCACertificate {
    <#
    .SYNOPSIS
        Imports one certificate of a PKCS#12 file, with its key, into a store; nothing else in the file is imported.
    .DESCRIPTION
        Nothing is done where the store holds the certificate with a private key already. A certificate without its key, and a
        CA certificate, are refused.
    .PARAMETER Path
        The file, or a folder of which one file holds the certificate.
    .PARAMETER Credential
        Its password opens the file.
    .PARAMETER Hash
        SHA-256 of the certificate, in hex.
    .PARAMETER Location
        LocalMachine or CurrentUser.
    .PARAMETER Store
        The store's name.
    .PARAMETER Only
        The only thumbprint that is imported; any other is refused.
    .PARAMETER Exportable
        Whether the private key may be exported again.
    .OUTPUTS
        The certificate's thumbprint.
    .EXAMPLE
        Import-SameCACertificate -Path C:\new.pfx -Credential $pfx -Hash $sha256 -Location LocalMachine -Store My
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)] [string] $Path,
        [pscredential] $Credential,
        [Parameter(Mandatory = $true)] [string] $Hash,
        [Parameter(Mandatory = $true)] [string] $Location,
        [Parameter(Mandatory = $true)] [string] $Store,
        [string] $Only,
        [switch] $Exportable
    )
    # By its hash, without opening the file: where a file names a key of this machine, opening and closing it could remove that key.
    $held = @(Get-SameCAStoreCertificate -Location $Location -Store $Store -WithKey |
            Where-Object { $_['private_key'] -and (Get-SameCASha256 ([System.Convert]::FromBase64String($_['der']))) -eq $Hash })
    if ($held.Count -gt 0) {
        $thumbprint = Get-SameCAThumbprint -Der ([System.Convert]::FromBase64String($held[0]['der']))
        if ($Only -and $thumbprint -ne $Only) { throw "$thumbprint was chosen, and the subject names $Only; name the whole store, or $thumbprint" }
        return $thumbprint
    }
    $file = Find-SameCAFile -Path $Path -Credential $Credential -Hash $Hash
    $look = @(Open-SameCAFile -Path $file -Credential $Credential)
    $wanted = @($look | Where-Object { (Get-SameCASha256 $_.RawData) -eq $Hash })
    if ($wanted.Count -ne 1) { throw "'$file' no longer holds the certificate with SHA-256 $Hash" }
    $thumbprint = $wanted[0].Thumbprint
    if ($Only -and $thumbprint -ne $Only) { throw "'$file' would give $thumbprint, and the subject names $Only; name the whole store, or $thumbprint" }
    if (-not $wanted[0].HasPrivateKey) { throw "'$file' holds $thumbprint without a private key that Windows can read; give it as a PKCS#12 file with its key" }
    foreach ($extension in $wanted[0].Extensions) {
        if ($extension -is [System.Security.Cryptography.X509Certificates.X509BasicConstraintsExtension] -and $extension.CertificateAuthority) {
            throw "$thumbprint in '$file' is a CA certificate, and none is ever imported"
        }
    }
    # Importing would keep every key of the file.
    if (@($look | Where-Object { $_.HasPrivateKey }).Count -gt 1) { throw "'$file' holds several private keys; give a file that holds the one of $thumbprint alone" }
    # What was opened to look is closed before: it takes its keys with it, under whatever name they have.
    foreach ($seen in $look) { $seen.Reset() }
    $flags = 'PersistKeySet'
    if ($Location -eq 'LocalMachine') { $flags += ', MachineKeySet' }
    if ($Exportable) { $flags += ', Exportable' }
    $chosen = @(Read-SameCAPkcs12 -Path $file -Credential $Credential -Flags $flags | Where-Object { $_.Thumbprint -eq $thumbprint })
    $open = New-Object System.Security.Cryptography.X509Certificates.X509Store $Store, $Location
    try { $open.Open('ReadWrite, OpenExistingOnly') }
    catch { throw "failed to open certificate store $Location\$Store for writing: $($_.Exception.GetBaseException().Message)" }
    try { $open.Add($chosen[0]) }
    catch { throw "failed to add $thumbprint to certificate store $Location\${Store}: $($_.Exception.GetBaseException().Message)" }
    finally { $open.Close() }
    return $thumbprint
}

function Read-SameCAPkcs12 {
    param([string] $Path, [pscredential] $Credential, [string] $Flags)
    $password = ''
    if ($null -ne $Credential) { $password = $Credential.GetNetworkCredential().Password }
    $content = New-Object System.Security.Cryptography.X509Certificates.X509Certificate2Collection
    try { $content.Import($Path, $password, $Flags) }
    catch {
        throw "failed to read PKCS#12 file '$Path': $($_.Exception.GetBaseException().Message); is it whole, and its password the one in CandidateCredential (DSC) or candidate_passphrase (Ansible)?"
    }
    foreach ($certificate in $content) { $certificate }
}

# What a file holds, to look: without PersistKeySet its keys are gone with the objects, and they come into the machine's place only in
# a session that cannot keep keys of its own, such as a network logon.
function Open-SameCAFile {
    param([string] $Path, [pscredential] $Credential)
    try { return Read-SameCAPkcs12 -Path $Path -Credential $Credential -Flags 'UserKeySet' }
    catch { Write-Verbose "'$Path' is opened in the machine's place: $($_.Exception.Message)" }
    return Read-SameCAPkcs12 -Path $Path -Credential $Credential -Flags 'MachineKeySet'
}

# The file itself, or the one of a folder that holds the certificate.
function Find-SameCAFile {
    param([string] $Path, [pscredential] $Credential, [string] $Hash)
    if (-not (Test-Path -LiteralPath $Path -PathType Container)) { return $Path }
    foreach ($file in @(Get-ChildItem -LiteralPath $Path | Where-Object { -not $_.PSIsContainer })) {
        try { $look = @(Open-SameCAFile -Path $file.FullName -Credential $Credential) }
        catch { Write-Verbose "'$($file.Name)' is passed over: it is no PKCS#12 file that opens"; continue }
        $fits = @($look | Where-Object { $_.HasPrivateKey -and (Get-SameCASha256 $_.RawData) -eq $Hash }).Count -gt 0
        foreach ($seen in $look) { $seen.Reset() }
        if ($fits) { return $file.FullName }
    }
    throw "no PKCS#12 file in '$Path' holds the certificate with SHA-256 $Hash and its private key"
}

function Get-SameCASha256 {
    param([byte[]] $Der)
    $hash = [System.Security.Cryptography.SHA256]::Create()
    try { return ([System.BitConverter]::ToString($hash.ComputeHash($Der)) -replace '-', '').ToLowerInvariant() }
    finally { $hash.Dispose() }
}

# When a use was assigned is kept as the time of a file: what has not been started since reads the old certificate.
function Save-SameCAAssignment {
    param([string] $Use)
    try {
        $null = [System.IO.Directory]::CreateDirectory($script:StateFolder)
        # Not empty: writing nothing over nothing need not touch the file's time.
        $text = [System.DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ', [System.Globalization.CultureInfo]::InvariantCulture)
        [System.IO.File]::WriteAllText([System.IO.Path]::Combine($script:StateFolder, "assigned-$Use"), $text)
    }
    catch { Write-Warning "which services need a restart will not be known: $($_.Exception.GetBaseException().Message)" }
}

function Get-SameCARestart {
    <#
    .SYNOPSIS
        The services that were started before the certificate of a Lync use was assigned, and so need a restart.
    .PARAMETER Subject
        Sources as people write them; only lync:USE has such services.
    .OUTPUTS
        Names of services.
    .EXAMPLE
        Get-SameCARestart -Subject lync:Default
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory = $true)] [string[]] $Subject)
    # Services are Windows' own.
    if ($null -eq (Get-Command -Name Get-CimInstance -ErrorAction SilentlyContinue)) { return }
    $found = foreach ($source in $Subject) {
        $parts = Read-SameCASource -Source $source
        if ($parts['kind'] -ne 'lync') { continue }
        $mark = [System.IO.Path]::Combine($script:StateFolder, "assigned-$($parts['use'])")
        if (-not (Test-Path -LiteralPath $mark -PathType Leaf)) { continue }
        $assigned = [System.IO.File]::GetLastWriteTimeUtc($mark)
        $patterns = @('RTC*')
        if ($script:UsedBy.ContainsKey($parts['use'])) { $patterns = $script:UsedBy[$parts['use']] }
        foreach ($service in @(Get-CimInstance -ClassName Win32_Service -ErrorAction SilentlyContinue)) {
            # The agent for logs uses no certificate.
            if ($service.ProcessId -eq 0 -or $service.Name -eq 'RTCCLSAGT') { continue }
            if (@($patterns | Where-Object { $service.Name -like $_ }).Count -eq 0) { continue }
            $process = Get-Process -Id $service.ProcessId -ErrorAction SilentlyContinue
            if ($null -eq $process) { continue }
            $before = $true
            try { $before = $process.StartTime.ToUniversalTime() -lt $assigned }
            catch { Write-Verbose "when $($service.Name) was started may not be read; it is taken for older" }
            if ($before) { $service.Name }
        }
    }
    $found | Sort-Object -Unique
}

function Get-SameCAFinding {
    <#
    .SYNOPSIS
        The findings of a report in its order, each with what it is on.
    .PARAMETER Report
        The report.
    .OUTPUTS
        Findings with the property of: the name of a subject or member, or reference for the reference as a whole.
    .EXAMPLE
        Get-SameCAFinding -Report $answer.Report
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param([Parameter(Mandatory = $true)] [psobject] $Report)
    $whole = [pscustomobject]@{ name = 'reference'; findings = $Report.reference.findings }
    foreach ($entry in @($whole) + @($Report.reference.members) + @($Report.subjects)) {
        foreach ($finding in $entry.findings) {
            $told = @{ of = $entry.name }
            if (Test-SameCAProperty $entry 'use') { $told['use'] = $entry.use }
            foreach ($property in $finding.PSObject.Properties) { $told[$property.Name] = $property.Value }
            $told
        }
    }
}

function Save-SameCAReport {
    <#
    .SYNOPSIS
        Writes a report into a folder or share as HOST.NAME.json, whole or not at all.
    .DESCRIPTION
        A folder that cannot be written changes no verdict: it is warned of.
    .PARAMETER Folder
        The folder.
    .PARAMETER Requirement
        What the requirement is called.
    .PARAMETER Json
        The report.
    .EXAMPLE
        Save-SameCAReport -Folder \\files\reports -Requirement persistent-chat -Json $answer.Json
    #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true)] [string] $Folder,
        [Parameter(Mandatory = $true)] [string] $Requirement,
        [Parameter(Mandatory = $true)] [string] $Json
    )
    Assert-SameCAAbsolutePath -Path $Folder
    # Each name has a file name of its own, and none leaves the folder.
    $file = '{0}.{1}.json' -f [System.Uri]::EscapeDataString((Get-SameCAHostName)), ([System.Uri]::EscapeDataString($Requirement) -replace '\*', '%2A')
    $target = [System.IO.Path]::Combine($Folder, $file)
    $new = [System.IO.Path]::Combine($Folder, ".$file.$([System.Guid]::NewGuid().ToString('N')).new")
    try {
        [System.IO.File]::WriteAllText($new, "$Json`n", (New-Object System.Text.UTF8Encoding $false))
        if ([System.IO.File]::Exists($target)) { [System.IO.File]::Replace($new, $target, [System.Management.Automation.Language.NullString]::Value) }
        else { [System.IO.File]::Move($new, $target) }
    }
    catch {
        Write-Warning "the report could not be written to '$target': $($_.Exception.GetBaseException().Message)"
        try { [System.IO.File]::Delete($new) } catch { Write-Verbose "'$new' was left behind" }
    }
}

Export-ModuleMember -Function @(
    'Invoke-SameCA', 'New-SameCARequest', 'New-SameCAForeseen', 'Install-SameCAChoice', 'Import-SameCACertificate', 'Get-SameCARestart',
    'Get-SameCAFinding', 'Save-SameCAReport', 'Test-SameCAProperty', 'Assert-SameCAAbsolutePath'
)
