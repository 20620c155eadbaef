# PSScriptAnalyzer over the module and the collection's modules (a configuration parses only where its modules are): every rule, and the syntax of 5.1.
$root = Split-Path (Split-Path $PSScriptRoot)
$settings = @{ Rules = @{ PSUseCompatibleSyntax = @{ Enable = $true; TargetVersions = @('5.1') } } }
$found = @(foreach ($folder in 'dsc/SameCADsc', 'ansible') {
        $path = Join-Path $root $folder
        if (Test-Path -LiteralPath $path) { Invoke-ScriptAnalyzer -Path $path -Recurse -Settings $settings }
    })
$found | Format-Table -AutoSize -Wrap | Out-String | Write-Output
exit ([int]($found.Count -gt 0))
