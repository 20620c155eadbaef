# The PowerShell that dsc/README.md shows, as it is written: DSC, the credential and Lync are played, the resource is the real one.
BeforeDiscovery {
    $page = Get-Content -Raw -LiteralPath (Join-Path (Split-Path (Split-Path $PSScriptRoot)) 'dsc/README.md')
    $blocks = @([regex]::Matches($page, '(?ms)^```powershell\r?\n(.*?)^```') | ForEach-Object { @{ Text = $_.Groups[1].Value } })
    if ($blocks.Count -eq 0) { throw 'dsc/README.md shows no PowerShell' }
}

BeforeAll {
    . (Join-Path $PSScriptRoot 'Shared.ps1')
    function Get-Credential([string] $UserName) { [pscredential]::new($UserName, $secret) }
    # What DSC takes for itself is not the resource's.
    function Invoke-DscResource([string] $ModuleName, [string] $Name, [string] $Method, [hashtable] $Property) {
        $ModuleName | Should -Be 'SameCADsc'
        $Name | Should -Be 'SameCACertificate'
        $Property['PsDscRunAsCredential'].UserName | Should -Be 'CONTOSO\lyncadmin'
        $Property.Remove('PsDscRunAsCredential')
        (New-Resource $Property).$Method()
    }
}

AfterAll {
    Set-TestStore -Names @()
    Disable-Lync
}

Describe 'The page of the module' {
    It 'shows commands that answer on a Front End Server' -ForEach $blocks {
        Set-TestStore -Names 'right', 'wrong'
        $assigned = '{"Default": [{"certificate": "right"}], "WebServicesInternal": [{"certificate": "CERTIFICATE"}]}'
        Enable-Lync -Uses ($assigned.Replace('CERTIFICATE', 'right') | ConvertFrom-Json)
        # The certificates made here name no CRL, which the profile asks for; of the CA nothing is found.
        $state = & ([scriptblock]::Create($Text))
        @($state.Reasons.Code) -match 'issuer' | Should -BeNullOrEmpty
        Enable-Lync -Uses ($assigned.Replace('CERTIFICATE', 'wrong') | ConvertFrom-Json)
        $state = & ([scriptblock]::Create($Text))
        $state.Status | Should -Be 'noncompliant'
        @($state.Reasons.Code) -match 'issuer' | Should -Not -BeNullOrEmpty
    }
}
