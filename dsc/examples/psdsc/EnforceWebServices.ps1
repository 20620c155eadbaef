# On a Front End Server: the web services' certificates come from the CA of the server's own Default certificate. Of the
# certificates in the machine's store and of a PKCS#12 file, the one that fits and lasts longest is assigned. For Windows
# PowerShell 5.1, with a certificate that encrypts the credentials of the configuration (CertificateFile and Thumbprint in
# ConfigurationData); Lync's cmdlets need the rights of RTCUniversalServerAdmins.
#
#   . .\EnforceWebServices.ps1
#   WebServices -ConfigurationData $data -Administrator (Get-Credential) -Pfx (Get-Credential pfx)
#   Start-DscConfiguration -Path .\WebServices -Wait -Verbose
configuration WebServices
{
    param(
        [Parameter(Mandatory = $true)] [pscredential] $Administrator,
        [Parameter(Mandatory = $true)] [pscredential] $Pfx
    )

    Import-DscResource -ModuleName 'SameCADsc'

    Node $AllNodes.NodeName
    {
        SameCACertificate Internal
        {
            Name                 = 'web-services-internal'
            Reference            = 'lync:Default'
            Subject              = 'lync:WebServicesInternal'
            DnsName              = $Node.NodeName
            Candidate            = 'store:LocalMachine/My', 'C:\ProgramData\same-ca\issued\web.pfx'
            CandidateCredential  = $Pfx
            Authority            = 'C:\ProgramData\same-ca\ca\CertEnroll'
            Profile              = 'lync-server-2013'
            RenewBefore          = '14d'
            ReportPath           = '\\files.contoso.com\same-ca'
            PsDscRunAsCredential = $Administrator
        }
    }
}
