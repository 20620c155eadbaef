@{
    RootModule = 'SameCADsc.psm1'
    ModuleVersion = '0.1.0'
    GUID = '6f0d7a6e-6d7b-4a5b-9a57-2f1f0c7f6b11'
    Author = 'The same-ca authors'
    CompanyName = 'The same-ca authors'
    Copyright = '(c) The same-ca authors. MIT or Apache-2.0.'
    Description = 'Keeps a server certificate under the CA that its reference servers use, proven by verified signatures.'
    PowerShellVersion = '5.1'
    CompatiblePSEditions = @('Desktop', 'Core')
    FunctionsToExport = @()
    CmdletsToExport = @()
    DscResourcesToExport = @('SameCACertificate')
    PrivateData = @{
        PSData = @{
            Tags = @('DSC', 'PKI', 'Certificate', 'Lync', 'PSDscResource_SameCACertificate', 'PSEdition_Desktop', 'PSEdition_Core', 'Windows', 'Linux')
            LicenseUri = 'https://spdx.org/licenses/MIT.html'
            ProjectUri = 'https://same-ca.example/'
            ReleaseNotes = 'See CHANGELOG.md of the project: the first release.'
        }
    }
}
