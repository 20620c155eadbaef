# Obtains a certificate from the CA with CertificateDsc's CertReq first, and then assigns it if it keeps the rule: a CA that
# is asked for the wrong thing, or another CA than the servers use, is found out before Lync uses its certificate. For Windows
# PowerShell 5.1, with the modules CertificateDsc and SameCADsc.
#
#   . .\RequestAndEnforce.ps1
#   PersistentChatCertificate -ConfigurationData $data -Administrator (Get-Credential)
configuration PersistentChatCertificate
{
    param([Parameter(Mandatory = $true)] [pscredential] $Administrator)

    Import-DscResource -ModuleName 'CertificateDsc'
    Import-DscResource -ModuleName 'SameCADsc'

    Node $AllNodes.NodeName
    {
        CertReq Request
        {
            Subject             = $Node.NodeName
            SubjectAltName      = "dns=$($Node.NodeName)"
            CAServerFQDN        = 'ca01.contoso.com'
            CARootName          = 'Contoso Issuing CA'
            CertificateTemplate = 'WebServer'
            KeyLength           = '2048'
            Exportable          = $false
            ProviderName        = 'Microsoft RSA SChannel Cryptographic Provider'
            KeyUsage            = '0xa0'
            OID                 = '1.3.6.1.5.5.7.3.1'
            FriendlyName        = 'Persistent Chat'
            AutoRenew           = $true
            Credential          = $Administrator
        }

        SameCACertificate Default
        {
            DependsOn            = '[CertReq]Request'
            Name                 = 'persistent-chat'
            ReferencePath        = 'C:\ProgramData\same-ca\lync-internal.reference.json'
            Subject              = 'lync:Default'
            DnsName              = $Node.NodeName
            Candidate            = 'store:LocalMachine/My'
            Authority            = 'C:\ProgramData\same-ca\ca\CertEnroll'
            Profile              = 'lync-server-2013'
            PsDscRunAsCredential = $Administrator
        }
    }
}
