# Runs every Pester test of this folder; the exit code says whether all passed.
Import-Module Pester -MinimumVersion 5.0
$result = Invoke-Pester -Path $PSScriptRoot -PassThru -Output Detailed
exit ([int]($result.FailedCount -gt 0 -or $result.TotalCount -eq 0))
