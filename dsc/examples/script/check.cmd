@echo off
rem Whether the rule of check.json is kept: 0 yes, 1 no or cannot be told, 2 no answer. The report is in report.json.
setlocal
cd /d "%~dp0"
same-ca.exe check --exit-code --format json < check.json > report.json
set code=%errorlevel%
if %code%==0 echo The rule is kept.
if %code%==1 echo The rule is broken, or cannot be told: see report.json.
if %code%==2 echo same-ca could not answer: see above.
exit /b %code%
