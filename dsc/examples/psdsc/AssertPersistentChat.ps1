# Persistent Chat Server is installed only where the rule is kept. For Windows PowerShell 5.1:
#
#   . .\AssertPersistentChat.ps1
#   PersistentChat -ComputerName pchat01.contoso.com
#   Start-DscConfiguration -Path .\PersistentChat -Wait -Verbose
#
# Before the installation one fitting certificate for the server's names in its store is enough. Without Candidate nothing is
# changed: where the rule is broken, or cannot be told, Set fails with every reason, and what depends on it is not run.
configuration PersistentChat
{
    param([string[]] $ComputerName = 'localhost')

    Import-DscResource -ModuleName 'PSDesiredStateConfiguration'
    Import-DscResource -ModuleName 'SameCADsc'

    Node $ComputerName
    {
        SameCACertificate Rule
        {
            Name          = 'persistent-chat'
            ReferencePath = 'C:\ProgramData\same-ca\lync-internal.reference.json'
            Subject       = 'store:LocalMachine/My'
            Authority     = 'C:\ProgramData\same-ca\ca\CertEnroll'
            Profile       = 'lync-server-2013'
            ReportPath    = '\\files.contoso.com\same-ca'
        }

        Script PersistentChatServer
        {
            DependsOn  = '[SameCACertificate]Rule'
            GetScript  = { @{ Result = [string](Get-Service -Name RTCCHAT -ErrorAction SilentlyContinue) } }
            TestScript = { $null -ne (Get-Service -Name RTCCHAT -ErrorAction SilentlyContinue) }
            SetScript  = { & "$env:ProgramFiles\Microsoft Lync Server 2013\Deployment\Bootstrapper.exe" }
        }
    }
}
