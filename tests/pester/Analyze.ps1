# PSScriptAnalyzer over the module and the collection's modules (a configuration parses only where its modules are): every rule, and the
# syntax of 5.1; and the layout of every script here, as ansible-test wants it of the collection's.
$root = Split-Path (Split-Path $PSScriptRoot)
$layout = @{
    PSAvoidLongLines = @{ Enable = $true; MaximumLineLength = 160 }
    PSAvoidSemicolonsAsLineTerminators = @{ Enable = $true }
    PSPlaceOpenBrace = @{ Enable = $true; OnSameLine = $true; IgnoreOneLineBlock = $true; NewLineAfter = $true }
    PSPlaceCloseBrace = @{ Enable = $true; IgnoreOneLineBlock = $true; NewLineAfter = $true; NoEmptyLineBefore = $false }
    PSUseConsistentIndentation = @{ Enable = $true; IndentationSize = 4; PipelineIndentation = 'IncreaseIndentationForFirstPipeline'; Kind = 'space' }
    PSUseConsistentWhitespace = @{
        Enable = $true
        CheckInnerBrace = $true
        CheckOpenBrace = $true
        CheckOpenParen = $true
        CheckOperator = $true
        CheckPipe = $true
        CheckPipeForRedundantWhitespace = $false
        CheckSeparator = $true
        CheckParameter = $false
        IgnoreAssignmentOperatorInsideHashTable = $false
    }
}
$every = @{
    Rules = $layout + @{ PSUseCompatibleSyntax = @{ Enable = $true; TargetVersions = @('5.1') } }
    # They look for folders Examples and Tests inside the module: ours are beside it, in dsc/examples and tests/pester.
    ExcludeRules = @('PSDSCDscExamplesPresent', 'PSDSCDscTestsPresent')
}
$found = @(foreach ($folder in 'dsc/SameCADsc', 'ansible') {
    Invoke-ScriptAnalyzer -Path (Join-Path $root $folder) -Recurse -Settings $every
}
foreach ($folder in @('tests/pester')) {
    Invoke-ScriptAnalyzer -Path (Join-Path $root $folder) -Recurse -Settings @{ Rules = $layout; IncludeRules = @($layout.Keys) }
})
$found | Format-Table -AutoSize -Wrap | Out-String | Write-Output
exit ([int]($found.Count -gt 0))
