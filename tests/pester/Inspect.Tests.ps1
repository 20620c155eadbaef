# Get-SameCACertificate: the facts of what stores, Lync's uses and files hold, with nothing judged.
BeforeAll {
    . (Join-Path $PSScriptRoot 'Shared.ps1')
    function Read-Certificate($Source) {
        & $runner { param($source, $binary) Get-SameCACertificate -Source $source -BinaryPath $binary } @($Source) $binary
    }
    # What is assigned to each use; of the golden files' form.
    function Set-Lync([hashtable] $Uses) { Enable-Lync -Uses ([pscustomobject]$Uses) }
}

AfterAll {
    Set-TestStore -Names @()
    Disable-Lync
    foreach ($name in 'SameCATestLync', 'SameCATestAssigned') { Remove-Variable -Scope Global -Name $name -ErrorAction SilentlyContinue }
}

Describe 'The facts of certificates' {
    BeforeEach { Set-TestStore -Names 'right', 'keyless', 'wrong' }

    It 'are told of a whole store, with whether each has its private key' {
        $read = Read-Certificate 'store:CurrentUser/SameCATest'
        @($read.Findings).Count | Should -Be 0
        @($read.Certificates).Count | Should -Be 3
        foreach ($name in 'right', 'keyless', 'wrong') {
            $one = @($read.Certificates | Where-Object { $_['sha1'] -eq (Get-TestCertificate $name).Thumbprint })
            $one.Count | Should -Be 1 -Because $name
            $one[0]['private_key'] | Should -Be ($name -ne 'keyless') -Because $name
            $one[0]['days_left'] | Should -BeGreaterThan 7000
        }
    }
    It 'are told of the certificate that Lync uses today, and not of the one that is staged' {
        Set-Lync @{ Default = @(
                @{ certificate = 'right'; from = '2020-01-01T00:00:00Z' } | ForEach-Object { [pscustomobject]$_ }
                @{ certificate = 'wrong'; from = '2037-01-01T00:00:00Z' } | ForEach-Object { [pscustomobject]$_ }
            )
        }
        $read = Read-Certificate 'lync:Default'
        @($read.Findings).Count | Should -Be 0
        @($read.Certificates).Count | Should -Be 1
        $read.Certificates[0]['sha1'] | Should -Be (Get-TestCertificate 'right').Thumbprint
        $read.Certificates[0]['private_key'] | Should -BeTrue
        $read.Certificates[0]['source'] | Should -Be 0
    }
    It 'name the use to which Lync has assigned nothing, beside what can be read' {
        Set-Lync @{ Default = @([pscustomobject]@{ certificate = 'right' }) }
        $read = Read-Certificate 'lync:WebServicesInternal', 'lync:Default'
        @($read.Findings).Count | Should -Be 1
        $read.Findings[0]['code'] | Should -Be 'certificate-missing'
        $read.Findings[0]['source'] | Should -Be 0
        $read.Findings[0]['message'] | Should -Be 'lync:WebServicesInternal: no certificate is assigned to this use'
        @($read.Certificates).Count | Should -Be 1
        $read.Certificates[0]['source'] | Should -Be 1
    }
    It 'name the assigned certificate that the store does not hold' {
        Set-TestStore -Names 'wrong'
        Set-Lync @{ Default = @([pscustomobject]@{ certificate = 'right' }) }
        $read = Read-Certificate 'lync:Default'
        @($read.Certificates).Count | Should -Be 0
        $read.Findings[0]['code'] | Should -Be 'certificate-missing'
        $read.Findings[0]['message'] | Should -Be "lync:Default: its certificate $((Get-TestCertificate 'right').Thumbprint) is not in the store CurrentUser\SameCATest"
    }
    It 'name the thumbprint that a store does not hold' {
        $missing = '0' * 40
        $read = Read-Certificate "store:CurrentUser/SameCATest/$missing"
        $read.Findings[0]['message'] | Should -Be "store:CurrentUser/SameCATest/${missing}: the store holds no certificate of this thumbprint"
    }
    It 'are none, without a finding, where a whole store is empty' {
        Set-TestStore -Names @()
        $read = Read-Certificate 'store:CurrentUser/SameCATest'
        @($read.Certificates).Count | Should -Be 0
        @($read.Findings).Count | Should -Be 0
    }
    It 'need Windows PowerShell and Lync where Lync is asked for' {
        Disable-Lync
        { Read-Certificate 'lync:Default' } | Should -Throw -ExpectedMessage 'Get-CsCertificate was not found: lync:Default needs Windows PowerShell*'
    }
    It 'are told of a file by its certificates, and a file that is missing is a finding' {
        $read = Read-Certificate (Join-Path $work 'right.cer'), (Join-Path $work 'nowhere.cer')
        @($read.Certificates).Count | Should -Be 1
        $read.Certificates[0]['sha1'] | Should -Be (Get-TestCertificate 'right').Thumbprint
        $read.Findings[0]['source'] | Should -Be 1
        $read.Findings[0]['code'] | Should -Be 'certificate-unreadable'
    }
}
