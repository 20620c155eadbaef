# What the tests stand on: a CA and its certificates made here, a certificate store of their own, Lync's cmdlets with state, and
# programs that answer wrongly in the place of same-ca.
Set-StrictMode -Version 2.0

$script:Secret = 'contoso-4'
$script:Certificates = @{}
$script:Folder = $null
$script:HostName = $null

function Initialize-Machine {
    # Makes the certificates and files that the golden requests speak of. They outlive the day in 2037 for which those stage certificates.
    param([string] $Folder, [string] $HostName, [string] $Binary)
    $script:Folder = $Folder
    $script:HostName = $HostName
    $ca = New-Authority 'CN=Contoso Issuing CA,DC=contoso,DC=com'
    $other = New-Authority 'CN=Fabrikam CA,DC=fabrikam,DC=com'
    $script:Certificates = @{
        ca = $ca
        right = New-Server -Issuer $ca -Days 7300
        newer = New-Server -Issuer $ca -Days 7320
        keyless = New-Server -Issuer $ca -Days 7300
        wrong = New-Server -Issuer $other -Days 7300
    }
    # The store is there from now on, be it empty.
    Set-TestStore -Names 'right'
    Write-Bytes 'ca.cer' $ca.RawData
    Write-Bytes 'right.cer' $script:Certificates['right'].RawData
    Write-Bytes 'newer.pfx' (Export-Pfx 'newer', 'ca')
    Write-Bytes 'subject.pfx' (Export-Pfx 'right', 'ca')
    $document = & $Binary reference (Join-Path $Folder 'right.cer') --authority (Join-Path $Folder 'ca.cer')
    Write-Bytes 'reference.json' ([System.Text.Encoding]::UTF8.GetBytes(($document -join "`n")))
}

function Write-Bytes([string] $Name, [byte[]] $Bytes) {
    [System.IO.File]::WriteAllBytes((Join-Path $script:Folder $Name), $Bytes)
}

function New-Authority([string] $Name) {
    $key = [System.Security.Cryptography.RSA]::Create(2048)
    $request = New-CertificateRequest $Name $key
    $request.CertificateExtensions.Add([System.Security.Cryptography.X509Certificates.X509BasicConstraintsExtension]::new($true, $false, 0, $true))
    $request.CertificateExtensions.Add([System.Security.Cryptography.X509Certificates.X509KeyUsageExtension]::new('KeyCertSign, CrlSign', $true))
    $request.CreateSelfSigned([DateTimeOffset]::UtcNow.AddDays(-30), [DateTimeOffset]::UtcNow.AddYears(25))
}

function New-CertificateRequest([string] $Name, $Key) {
    $padding = [System.Security.Cryptography.RSASignaturePadding]::Pkcs1
    $hash = [System.Security.Cryptography.HashAlgorithmName]::SHA256
    $request = [System.Security.Cryptography.X509Certificates.CertificateRequest]::new($Name, $Key, $hash, $padding)
    $request.CertificateExtensions.Add([System.Security.Cryptography.X509Certificates.X509SubjectKeyIdentifierExtension]::new($request.PublicKey, $false))
    return $request
}

function New-Server($Issuer, [int] $Days, $Key) {
    if ($null -eq $Key) { $Key = [System.Security.Cryptography.RSA]::Create(2048) }
    $request = New-CertificateRequest "CN=$($script:HostName)" $key
    $names = [System.Security.Cryptography.X509Certificates.SubjectAlternativeNameBuilder]::new()
    $names.AddDnsName($script:HostName)
    $request.CertificateExtensions.Add($names.Build())
    $usages = [System.Security.Cryptography.OidCollection]::new()
    foreach ($usage in '1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2') { $null = $usages.Add([System.Security.Cryptography.Oid]::new($usage)) }
    $request.CertificateExtensions.Add([System.Security.Cryptography.X509Certificates.X509EnhancedKeyUsageExtension]::new($usages, $false))
    $serial = [System.Guid]::NewGuid().ToByteArray()
    $serial[0] = 1
    $certificate = $request.Create($Issuer, [DateTimeOffset]::UtcNow.AddDays(-10), [DateTimeOffset]::UtcNow.AddDays($Days), $serial)
    return [System.Security.Cryptography.X509Certificates.RSACertificateExtensions]::CopyWithPrivateKey($certificate, $key)
}

# A certificate of bytes; with a password, one that keeps its key.
function New-Certificate([byte[]] $Bytes, [string] $Secret) {
    if (-not $Secret) { return [System.Security.Cryptography.X509Certificates.X509Certificate2]::new($Bytes) }
    return [System.Security.Cryptography.X509Certificates.X509Certificate2]::new($Bytes, $Secret, 'PersistKeySet, Exportable')
}

function Get-TestCertificate([string] $Name) { return $script:Certificates[$Name] }

function Get-TestSecret { return $script:Secret }

# PKCS#12 of the named certificates; of those after the first without their keys, unless all are wanted.
function Export-Pfx([string[]] $Names, [switch] $AllKeys) {
    $bundle = [System.Security.Cryptography.X509Certificates.X509Certificate2Collection]::new()
    foreach ($name in $Names) {
        $certificate = $script:Certificates[$name]
        if ($name -ne $Names[0] -and -not $AllKeys) { $certificate = New-Certificate $certificate.RawData }
        $null = $bundle.Add($certificate)
    }
    return , $bundle.Export('Pfx', $script:Secret)
}

# Puts exactly these certificates into a store of CurrentUser, and so many more of the same CA, without keys.
function Set-TestStore([string[]] $Names, [string] $Store = 'SameCATest', [int] $More) {
    $open = [System.Security.Cryptography.X509Certificates.X509Store]::new($Store, 'CurrentUser')
    $open.Open('ReadWrite')
    foreach ($old in @($open.Certificates)) { $open.Remove($old) }
    foreach ($name in $Names) {
        $certificate = $script:Certificates[$name]
        if ($name -eq 'keyless') { $open.Add([System.Security.Cryptography.X509Certificates.X509Certificate2]::new($certificate.RawData)) }
        else { $open.Add((New-Certificate ($certificate.Export('Pfx', 'x')) 'x')) }
    }
    for ($count = 0; $count -lt $More; $count++) {
        $one = New-Server -Issuer $script:Certificates['ca'] -Days 7300 -Key $script:Certificates['keyless'].PrivateKey
        $open.Add([System.Security.Cryptography.X509Certificates.X509Certificate2]::new($one.RawData))
    }
    $open.Close()
}

function Get-TestStore {
    $store = [System.Security.Cryptography.X509Certificates.X509Store]::new('SameCATest', 'CurrentUser')
    $store.Open('ReadOnly')
    try { foreach ($certificate in $store.Certificates) { $certificate } } finally { $store.Close() }
}

# Lync's cmdlets: what is assigned to each use, as the golden files write it.
function Enable-Lync($Uses) {
    $global:SameCATestLync = @{}
    $global:SameCATestAssigned = @()
    foreach ($use in $Uses.PSObject.Properties) {
        $global:SameCATestLync[$use.Name] = @(foreach ($entry in $use.Value) {
            $from = $null
            if ($entry.PSObject.Properties['from']) { $from = [System.DateTime]::Parse($entry.from, [System.Globalization.CultureInfo]::InvariantCulture) }
            $previous = $null
            if ($entry.PSObject.Properties['previous']) { $previous = $script:Certificates[$entry.previous].Thumbprint }
            [pscustomobject]@{
                Thumbprint = $script:Certificates[$entry.certificate].Thumbprint; Use = $use.Name; EffectiveDate = $from; PreviousThumbprint = $previous
            }
        })
    }
    function global:Get-CsCertificate {
        [CmdletBinding()]
        param($Type)
        if ($global:SameCATestLync.ContainsKey($Type)) { $global:SameCATestLync[$Type] }
    }
    function global:Set-CsCertificate {
        [CmdletBinding(SupportsShouldProcess = $true)]
        param($Type, $Thumbprint, $Identity)
        if ($PSCmdlet.ShouldProcess($Type)) {
            $global:SameCATestAssigned += "$Type $Thumbprint $Identity".Trim()
            $global:SameCATestLync[$Type] = @([pscustomobject]@{ Thumbprint = $Thumbprint; Use = $Type; EffectiveDate = $null; PreviousThumbprint = $null })
        }
    }
}

function Disable-Lync {
    foreach ($name in 'Get-CsCertificate', 'Set-CsCertificate') {
        # With the scope in its name nothing would be removed.
        if (Test-Path "function:$name") { Remove-Item "function:$name" }
    }
}

# A golden file with what stands in braces filled in.
function Expand-Golden([string] $Text) {
    $evaluator = {
        param($found)
        $what = $found.Groups[2].Value
        $certificate = $script:Certificates[$what]
        $value = switch ($found.Groups[1].Value) {
            'host' { $script:HostName }
            'now' { 'now' }
            'secret' { $script:Secret }
            'file' { Join-Path $script:Folder $what }
            'der' { [System.Convert]::ToBase64String($certificate.RawData) }
            'sha1' { $certificate.Thumbprint }
            'sha256' { Get-Sha256 $certificate.RawData }
            'key' { Get-Sha256 $certificate.PublicKey.ExportSubjectPublicKeyInfo() }
            default { throw "nothing is filled in for $($found.Value)" }
        }
        $value.Replace('\', '\\')
    }
    return [regex]::Replace($Text, '\{(\w+)(?::([\w.]+))?\}', $evaluator)
}

function Get-Sha256([byte[]] $Bytes) {
    $hash = [System.Security.Cryptography.SHA256]::Create()
    return ([System.BitConverter]::ToString($hash.ComputeHash($Bytes)) -replace '-', '').ToLowerInvariant()
}

# JSON of a request in one order of keys, and of certificates where their order says nothing.
function ConvertTo-Canonical($Value, [string] $Name) {
    if ($null -eq $Value) { return 'null' }
    if ($Value -is [System.Collections.IDictionary]) {
        $parts = foreach ($key in @($Value.Keys | Sort-Object)) { '"{0}":{1}' -f $key, (ConvertTo-Canonical $Value[$key] $key) }
        return '{' + (@($parts) -join ',') + '}'
    }
    if ($Value -is [System.Management.Automation.PSCustomObject]) {
        $map = @{}
        foreach ($property in $Value.PSObject.Properties) { $map[$property.Name] = $property.Value }
        return ConvertTo-Canonical $map $Name
    }
    if ($Value -is [System.Collections.IEnumerable] -and $Value -isnot [string]) {
        $parts = @(foreach ($item in $Value) { ConvertTo-Canonical $item $Name })
        if ($Name -in 'any_of', 'candidates') { $parts = @($parts | Sort-Object) }
        return '[' + ($parts -join ',') + ']'
    }
    return ConvertTo-Json -InputObject $Value -Compress
}

# A program in the place of same-ca that writes the same whatever it is asked, but for its version.
function New-FakeBinary([string] $Answer, [string] $Complaint, [int] $ExitCode, [string] $Version) {
    $path = Join-Path $script:Folder "fake-$([System.Guid]::NewGuid().ToString('N'))"
    [System.IO.File]::WriteAllText("$path.out", $Answer)
    [System.IO.File]::WriteAllText("$path.err", $Complaint)
    if ([System.IO.Path]::DirectorySeparatorChar -eq '\') {
        $lines = "@if `"%1`"==`"--version`" echo $Version& exit /b 0", "@type `"$path.out`"", "@type `"$path.err`" >&2", "@exit /b $ExitCode"
        [System.IO.File]::WriteAllText("$path.cmd", ($lines -join "`r`n") + "`r`n")
        return "$path.cmd"
    }
    return New-Script "cat > /dev/null`n[ `"`$1`" = --version ] && { echo '$Version'; exit 0; }`ncat '$path.out'`ncat '$path.err' >&2`nexit $ExitCode"
}

# A program of Unix in the place of same-ca.
function New-Script([string] $Text) {
    $path = Join-Path $script:Folder "script-$([System.Guid]::NewGuid().ToString('N'))"
    [System.IO.File]::WriteAllText($path, "#!/bin/sh`n$Text`n")
    & chmod +x $path
    return $path
}

Export-ModuleMember -Function @(
    'Initialize-Machine', 'Get-TestCertificate', 'Get-TestSecret', 'Get-TestStore', 'Set-TestStore', 'Enable-Lync', 'Disable-Lync',
    'Expand-Golden', 'ConvertTo-Canonical', 'New-FakeBinary', 'New-Script', 'Export-Pfx', 'Write-Bytes'
)
