# Runs the Windows modules over and over in one PowerShell, with Ansible's own Ansible.Basic under them: what they are given is what Ansible
# gives them, and what they write is what Ansible reads. To start PowerShell for each would take minutes.
param([string] $Ansible, [string] $Plugins, [string] $Rows, [string] $Answers)
$ErrorActionPreference = 'Stop'
$utilities = "$Ansible/module_utils"
foreach ($util in "$utilities/powershell/Ansible.ModuleUtils.AddType.psm1", "$Plugins/module_utils/SameCA.psm1", "$Plugins/module_utils/SameCAOptions.psm1") {
    # From a string, as Ansible does it.
    New-Module -Name ([System.IO.Path]::GetFileNameWithoutExtension($util)) -ScriptBlock ([scriptblock]::Create([System.IO.File]::ReadAllText($util))) |
        Import-Module -DisableNameChecking
}
Add-CSharpType -References @([System.IO.File]::ReadAllText("$utilities/csharp/Ansible.Basic.cs"))
$global:written = ''
[Ansible.Basic.AnsibleModule]::WriteLine = { param([string] $Line) $global:written = $Line }
[Ansible.Basic.AnsibleModule]::Exit = { param([int] $Code) throw "the module ended with $Code" }
$all = foreach ($row in ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText($Rows)) -AsHashtable) {
    $global:written = ''
    $ErrorActionPreference = 'Continue'
    $code = [scriptblock]::Create([System.IO.File]::ReadAllText("$Plugins/modules/$($row['module']).ps1"))
    $global:complex_args = $row['options']
    $failed = ''
    try { & $code } catch { $failed = "$_" }
    if (-not $global:written) { throw "$($row['name']): the module wrote nothing: $failed" }
    "{`"name`":$(ConvertTo-Json $row['name']),`"result`":$($global:written)}"
}
[System.IO.File]::WriteAllText($Answers, ($all -join "`n"))
