# The gate's own script over an analyzer that finds what it is told to, and the module's package in the hands of PSResourceGet.
BeforeDiscovery {
    $served = [bool](Get-Module -ListAvailable Microsoft.PowerShell.PSResourceGet) -and [bool](Get-Command python3 -ErrorAction SilentlyContinue)
    if (-not $served) { Write-Warning 'NOT RUN: the package found, saved, installed and updated (needs Microsoft.PowerShell.PSResourceGet and python3)' }
}

BeforeAll {
    $root = Split-Path (Split-Path $PSScriptRoot)
    $pwsh = (Get-Process -Id $PID).Path
}

Describe 'The analyzer' {
    BeforeAll {
        $modules = Join-Path $TestDrive 'modules'
        $null = New-Item -ItemType Directory -Path (Join-Path $modules 'PSScriptAnalyzer')
        Set-Content -LiteralPath (Join-Path $modules 'PSScriptAnalyzer/PSScriptAnalyzer.psm1') -Value @'
function Invoke-ScriptAnalyzer {
    param([string] $Path, [switch] $Recurse, [hashtable] $Settings)
    $excluded = if ($Settings.ContainsKey('ExcludeRules')) { $Settings['ExcludeRules'] -join ' ' }
    Add-Content -LiteralPath $env:SAME_CA_ANALYZED -Value "$Recurse $Path without $excluded"
    if ($env:SAME_CA_FINDS -and $Path.EndsWith($env:SAME_CA_FINDS)) { [pscustomobject]@{ RuleName = 'PSTest'; ScriptName = $Path; Line = 1 } }
}
'@
        function Invoke-Analyze([string] $Finds) {
            $env:SAME_CA_ANALYZED = Join-Path $TestDrive 'analyzed'
            $env:SAME_CA_FINDS = $Finds
            $before = $env:PSModulePath
            $env:PSModulePath = $modules
            if (Test-Path -LiteralPath $env:SAME_CA_ANALYZED) { Remove-Item -LiteralPath $env:SAME_CA_ANALYZED }
            try {
                $said = & $pwsh -NoProfile -NonInteractive -File (Join-Path $PSScriptRoot 'Analyze.ps1') 2>&1
                [pscustomobject]@{ Code = $LASTEXITCODE; Said = "$said"; Looked = @(Get-Content -LiteralPath $env:SAME_CA_ANALYZED) }
            }
            finally { $env:PSModulePath = $before; Remove-Item -Path 'env:SAME_CA_ANALYZED', 'env:SAME_CA_FINDS' -ErrorAction SilentlyContinue }
        }
    }
    It 'looks at every folder, and is content where nothing is found' {
        $run = Invoke-Analyze ''
        $run.Code | Should -Be 0
        @($run.Looked -replace '^True .*?/(dsc/SameCADsc|ansible|tests/pester) without.*$', '$1') | Should -Be 'dsc/SameCADsc', 'ansible', 'tests/pester'
        $run.Looked[0] | Should -BeLike '*without PSDSCDscExamplesPresent PSDSCDscTestsPresent'
    }
    It 'fails for one finding, in any folder: <_>' -ForEach 'SameCADsc', 'ansible', 'pester' {
        $run = Invoke-Analyze $_
        $run.Code | Should -Be 1
        $run.Looked.Count | Should -Be 3
        $run.Said | Should -Match 'PSTest'
    }
}

Describe 'The package' {
    It 'is found, saved, installed and updated by PSResourceGet from a repository in a folder' -Skip:(-not $served) {
        $feed = Join-Path $TestDrive 'feed'
        $null = New-Item -ItemType Directory -Path $feed, (Join-Path $TestDrive 'saved'), (Join-Path $TestDrive 'home')
        # As the release packs it, in two versions.
        $pack = @'
import re, sys
from pathlib import Path
root, out, version = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
sys.path.insert(0, str(root / "packaging"))
import powershell
module = root / "dsc/SameCADsc"
files = {str(path.relative_to(module)): (path.read_bytes(), False) for path in sorted(module.rglob("*")) if path.is_file()}
files["SameCADsc.psd1"] = (re.sub(rb"ModuleVersion = '[^']*'", f"ModuleVersion = '{version}'".encode(), files["SameCADsc.psd1"][0]), False)
powershell.nupkg(out, "SameCADsc", version, files, 1700000000)
'@
        $drive = @'
$ErrorActionPreference = 'Stop'
$feed, $saved, $pack, $root = $env:SAME_CA_PARTS -split "`n"
Register-PSResourceRepository -Name SameCATest -Uri $feed -Trusted
& python3 -B -c $pack.Replace('\n', "`n") $root $feed 0.1.0
"found $((Find-PSResource -Name SameCADsc -Repository SameCATest).Version)"
Save-PSResource -Name SameCADsc -Repository SameCATest -Path $saved -TrustRepository
"saved $((Import-PowerShellDataFile (Join-Path $saved 'SameCADsc/0.1.0/SameCADsc.psd1')).DscResourcesToExport)"
Install-PSResource -Name SameCADsc -Repository SameCATest -Scope CurrentUser -TrustRepository
"installed $(@(Get-Module -ListAvailable SameCADsc).Version)"
& python3 -B -c $pack.Replace('\n', "`n") $root $feed 0.1.1
Update-PSResource -Name SameCADsc -Repository SameCATest -Scope CurrentUser -TrustRepository
"updated $(@(Get-Module -ListAvailable SameCADsc).Version | Sort-Object -Descending | Select-Object -First 1)"
"exports $(@((Get-Module -ListAvailable SameCADsc)[0].ExportedDscResources))"
Uninstall-PSResource -Name SameCADsc -Version '*' -Scope CurrentUser
"left $(@(Get-Module -ListAvailable SameCADsc).Count)"
'@
        $before = $env:HOME, $env:PSModulePath
        try {
            $env:HOME = Join-Path $TestDrive 'home'
            # Not what this process has found.
            $env:PSModulePath = ''
            $env:SAME_CA_PARTS = $feed, (Join-Path $TestDrive 'saved'), $pack.Replace("`n", '\n'), $root -join "`n"
            $said = & $pwsh -NoProfile -NonInteractive -Command $drive 2>&1
        }
        finally {
            $env:HOME, $env:PSModulePath = $before
            Remove-Item env:SAME_CA_PARTS -ErrorAction SilentlyContinue
        }
        $wanted = 'found 0.1.0', 'saved SameCACertificate', 'installed 0.1.0', 'updated 0.1.1', 'exports SameCACertificate', 'left 0'
        @($said | ForEach-Object { "$_" }) | Should -Be $wanted
    }
}
