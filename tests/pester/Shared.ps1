# What every file of tests begins with: the module, its runner, the machine, and helpers. To be dotted in BeforeAll.
$root = Split-Path (Split-Path $PSScriptRoot)
Import-Module (Join-Path $PSScriptRoot 'Machine.psm1') -Force
Import-Module (Join-Path $root 'dsc/SameCADsc/SameCADsc.psd1') -Force
$binary = $env:SAME_CA_BINARY
if (-not $binary) { $binary = Join-Path $root 'target/debug/same-ca' }
$runner = & (Get-Module SameCADsc) { Get-Module SameCA }
$hostName = & $runner { Get-SameCAHostName }
$work = Join-Path $TestDrive 'machine'
$null = New-Item -ItemType Directory -Path $work
Initialize-Machine -Folder $work -HostName $hostName -Binary $binary
& $runner {
    param($state)
    $script:LyncStore = @{ Location = 'CurrentUser'; Store = 'SameCATest' }
    $script:StateFolder = $state
} (Join-Path $TestDrive 'state')

$secret = ConvertTo-SecureString (Get-TestSecret) -AsPlainText -Force
$credential = [pscredential]::new('pfx', $secret)
# An instance made in the module's own scope, as DSC makes it.
$make = {
    param($properties)
    $resource = [SameCACertificate]::new()
    foreach ($name in $properties.Keys) { $resource.$name = $properties[$name] }
    $resource
}
function New-Resource([hashtable] $Properties) {
    $all = @{ Name = 'chat'; BinaryPath = $binary }
    foreach ($name in $Properties.Keys) { $all[$name] = $Properties[$name] }
    foreach ($name in 'CandidateCredential', 'SubjectCredential') { if ($all.ContainsKey($name)) { $all[$name] = $credential } }
    & (Get-Module SameCADsc) $make $all
}
# The request that a resource sends.
function Get-Request($Resource) {
    & $runner { param($given) Clear-SameCAMemory; (New-SameCAQuestion -Given $given)['Request'] } $Resource.Question()
}
function Read-Json([string] $Text) { & $runner { param($given) ConvertFrom-SameCAAnswer -Text $given } $Text }
# Puts another function in the place of one of the runner's.
function Set-Runner([string] $Name, [scriptblock] $Body) {
    & $runner { param($name, $body) Set-Item -Path "function:script:$name" -Value $body } $Name $Body
}
# Sets the machine up as a golden file says, and gives its parts.
function Read-Golden([string] $Path) {
    $read = Read-Json (Expand-Golden ([System.IO.File]::ReadAllText($Path)))
    $stands = @()
    if ($read.PSObject.Properties['store']) { $stands = @($read.store) }
    Set-TestStore -Names $stands
    Disable-Lync
    if ($read.PSObject.Properties['lync']) { Enable-Lync -Uses $read.lync }
    $properties = @{}
    foreach ($property in $read.properties.PSObject.Properties) { $properties[$property.Name] = $property.Value }
    [pscustomobject]@{ Golden = $read; Resource = New-Resource $properties; Given = $properties }
}
# Errors and doubts by what they are about.
function Get-Finding($Report) {
    $found = @{}
    $all = @(@{ name = 'reference'; findings = $Report.reference.findings }) + @($Report.reference.members) + @($Report.subjects)
    foreach ($entry in $all) {
        $codes = @($entry.findings | Where-Object { $_.severity -in 'error', 'doubt' } | ForEach-Object { $_.code } | Sort-Object -Unique)
        if ($codes.Count -gt 0) { $found[$entry.name] = $codes }
    }
    $found
}
$openKey = & $runner { ${function:Test-SameCAPrivateKey} }
$ca = Join-Path $work 'ca.cer'
$right = "store:CurrentUser/SameCATest/$((Get-TestCertificate 'right').Thumbprint)"
$wrong = "store:CurrentUser/SameCATest/$((Get-TestCertificate 'wrong').Thumbprint)"
