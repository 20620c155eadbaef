# What the run does is what check mode said, and what people are told: the runner against the real same-ca.
BeforeDiscovery {
    # Each pair is foreseen and then run: the same change, the same status, the same number of actions.
    $pairs = @(
        @{
            Says = 'a thumbprint is the subject, and another certificate the candidate'
            Subject = 'wrong'
            Candidate = 'newer.pfx'
            Changed = $false
            Status = 'noncompliant'
        }
        @{
            Says = 'a thumbprint is the subject, and the store the candidate'
            Subject = 'wrong'
            Store = 'wrong', 'right'
            Candidate = 'store'
            Changed = $false
            Status = 'noncompliant'
        }
        @{ Says = 'the candidate is PEM with its key'; Candidate = 'newer.pem'; Changed = $false; Status = 'noncompliant' }
        @{ Says = 'the candidate is in another store'; Candidate = 'store:CurrentUser/SameCAOther'; Other = 'right'; Changed = $false; Status = 'noncompliant' }
        @{ Says = 'the PKCS#12 file holds two keys'; Candidate = 'twokeys.pfx'; Changed = $false; Status = 'noncompliant' }
        @{ Says = 'the PKCS#12 file is Base64 text'; Candidate = 'base64.pfx'; Changed = $true; Status = 'compliant' }
        @{ Says = 'a folder has a PEM that lasts longer than its good PKCS#12 file'; Candidate = 'mixed'; Changed = $true; Status = 'compliant' }
        @{
            Says = 'of two PKCS#12 files Windows cannot import the one that lasts longer'
            Candidate = 'newer.pfx', 'right.pfx'
            Broken = 'newer.pfx'
            Changed = $true
            Status = 'compliant'
        }
        @{
            Says = 'the only PKCS#12 file is one that Windows cannot import'
            Candidate = 'newer.pfx'
            Broken = 'newer.pfx'
            Changed = $false
            Status = 'noncompliant'
        }
        @{ Says = 'the PKCS#12 file serves'; Candidate = 'newer.pfx'; Changed = $true; Status = 'compliant' }
        @{ Says = 'the store fits already'; Store = 'right'; Candidate = 'newer.pfx'; Changed = $false; Status = 'compliant' }
    )
}

BeforeAll {
    . (Join-Path $PSScriptRoot 'Shared.ps1')
    Write-Bytes 'right.pfx' (Export-Pfx 'right', 'ca')
    Write-Bytes 'twokeys.pfx' (Export-Pfx 'newer', 'right' -AllKeys)
    $text = [System.Convert]::ToBase64String((Export-Pfx 'newer', 'ca'), 'InsertLineBreaks')
    Write-Bytes 'base64.pfx' ([System.Text.Encoding]::ASCII.GetBytes($text))
    $pem = (Get-TestCertificate 'newer').ExportCertificatePem() + "`n" +
    [System.Security.Cryptography.X509Certificates.RSACertificateExtensions]::GetRSAPrivateKey((Get-TestCertificate 'newer')).ExportPkcs8PrivateKeyPem()
    Write-Bytes 'newer.pem' ([System.Text.Encoding]::ASCII.GetBytes($pem))
    $null = New-Item -ItemType Directory -Path (Join-Path $work 'mixed')
    Copy-Item (Join-Path $work 'newer.pem') (Join-Path $work 'mixed')
    Copy-Item (Join-Path $work 'right.pfx') (Join-Path $work 'mixed/good.pfx')
    $readPkcs12 = & $runner { ${function:Read-SameCAPkcs12} }

    # A whole store as the subject, unless a thumbprint is said.
    function New-Question([hashtable] $More) {
        $all = @{
            Requirement = 'chat'
            Reference = Join-Path $work 'right.cer'
            Subject = 'store:CurrentUser/SameCATest'
            Authority = Join-Path $work 'ca.cer'
            CandidateCredential = $credential
            BinaryPath = $binary
        }
        foreach ($name in $More.Keys) { $all[$name] = $More[$name] }
        $all
    }
    function Invoke-Enforce([hashtable] $Question, [switch] $Foresee) {
        & $runner { param($given, $ahead) Invoke-SameCAEnforce -Question $given -Foresee:$ahead } $Question $Foresee
    }
    function Invoke-Check([hashtable] $Question) { & $runner { param($given) Invoke-SameCACheck -Question $given } $Question }
    function Get-Message($Answer) { & $runner { param($given) Get-SameCAMessage -Answer $given } $Answer }
    function Get-Lync([string] $Golden) { (Read-Golden (Join-Path (Split-Path $PSScriptRoot) "powershell/golden/$Golden.json")).Resource }
    function Test-Alive([int] $Id) {
        $path = "/proc/$Id/stat"
        if (-not (Test-Path -LiteralPath $path)) { return $false }
        (Get-Content -Raw -LiteralPath $path -ErrorAction SilentlyContinue) -notmatch '\) [ZX] '
    }
    # An error as scripts see it.
    function Get-Fault([scriptblock] $Doing) {
        try { $null = & $Doing } catch { return $_ }
        throw 'nothing was thrown'
    }
}

AfterAll {
    Set-TestStore -Names @()
    Set-TestStore -Names @() -Store SameCAOther
    Disable-Lync
}

Describe 'Check mode and the run' {
    BeforeAll {
        $sideBySide = [System.Collections.ArrayList]@()
        function Get-Outcome($Answer) {
            '{0,-7} {1,-12} {2} done, {3} failed' -f $(if ($Answer.Changed) { 'changed' } else { 'same' }), $Answer.Report.status,
            @($Answer.Done).Count, @($Answer.Failures).Count
        }
    }
    AfterAll { Write-Host ("    check mode | the run | where`n" + (@($sideBySide | ForEach-Object { "    $_" }) -join "`n")) }
    AfterEach { Set-Runner 'Read-SameCAPkcs12' $readPkcs12 }
    It 'agree where <Says>' -ForEach $pairs {
        $names = @('wrong')
        if ($Store) { $names = $Store }
        Set-TestStore -Names $names
        if ($Other) { Set-TestStore -Names $Other -Store SameCAOther }
        $more = @{}
        if ($Subject) { $more['Subject'] = "store:CurrentUser/SameCATest/$((Get-TestCertificate $Subject).Thumbprint)" }
        $more['Candidate'] = @(foreach ($name in $Candidate) {
            if ($name -eq 'store') { 'store:CurrentUser/SameCATest' } elseif ($name -like 'store:*') { $name } else { Join-Path $work $name }
        })
        if ($Broken) {
            $global:SameCATestBroken = Join-Path $work $Broken
            $global:SameCATestRead = $readPkcs12
            Set-Runner 'Read-SameCAPkcs12' {
                param([string] $Path, [pscredential] $Credential, [string] $Flags)
                if ($Path -eq $global:SameCATestBroken) { throw "failed to import PKCS#12 file '$Path'" }
                & $global:SameCATestRead -Path $Path -Credential $Credential -Flags $Flags
            }
        }
        $before = @(Get-TestStore).Count
        $ahead = Invoke-Enforce (New-Question $more) -Foresee
        @(Get-TestStore).Count | Should -Be $before
        $run = Invoke-Enforce (New-Question $more)
        $null = $sideBySide.Add("$(Get-Outcome $ahead) | $(Get-Outcome $run) | $Says")
        Get-Outcome $ahead | Should -Be (Get-Outcome $run)
        foreach ($answer in $ahead, $run) {
            $answer.Changed | Should -Be $Changed
            $answer.Report.status | Should -Be $Status
        }
        # Subject by subject, too.
        $each = foreach ($answer in $ahead, $run) {
            $parts = @($answer.Report.subjects | ForEach-Object { "$($_.name) $($_.status)" })
            $parts += @($answer.Done | ForEach-Object { "$($_.action) $($_.certificate)" })
            $parts -join "`n"
        }
        $each[0] | Should -Be $each[1]
        # Run again, nothing is left to do.
        $again = Invoke-Enforce (New-Question $more)
        $again.Changed | Should -BeFalse
        $again.Report.status | Should -Be $Status
    }
}

Describe 'A candidate given as a dictionary' {
    BeforeAll {
        $env:SAME_CA_TEST_PASS = Get-TestSecret
        [System.IO.File]::WriteAllText((Join-Path $work 'pass'), "$(Get-TestSecret)`nanother line`n")
        $forms = @{
            passphrase = @{ path = Join-Path $work 'newer.pfx'; privatekey_passphrase = Get-TestSecret }
            file = @{ path = Join-Path $work 'newer.pfx'; password_file = Join-Path $work 'pass' }
            variable = @{ path = Join-Path $work 'newer.pfx'; password_env = 'SAME_CA_TEST_PASS' }
            inline = @{ pkcs12 = [System.Convert]::ToBase64String((Export-Pfx 'newer', 'ca')); privatekey_passphrase = Get-TestSecret }
            spec = @{ spec = Join-Path $work 'newer.pfx' }
        }
    }
    AfterAll { Remove-Item env:SAME_CA_TEST_PASS }
    It 'is imported as it was foreseen, by what opens it: <Form>, <Of>' -ForEach @(
        @{ Form = 'passphrase'; Of = 'the request' }, @{ Form = 'file'; Of = 'the request' }, @{ Form = 'variable'; Of = 'the request' }
        @{ Form = 'inline'; Of = 'the request' }, @{ Form = 'spec'; Of = 'the request' }, @{ Form = 'passphrase'; Of = 'one subject' }
        @{ Form = 'inline'; Of = 'one subject' }
    ) {
        Set-TestStore -Names 'wrong'
        $more = @{}
        # Another credential does not open it.
        if ($Form -ne 'spec') { $more['CandidateCredential'] = [pscredential]::new('pfx', (ConvertTo-SecureString 'another' -AsPlainText -Force)) }
        if ($Of -eq 'the request') { $more['Candidate'] = , $forms[$Form] }
        else {
            $names = @((& $runner { Get-SameCAHostName }))
            $more['Subject'] = , @{ name = 'web'; names = $names; source = @{ spec = 'store:CurrentUser/SameCATest' }; candidates = @($forms[$Form]) }
        }
        $ahead = Invoke-Enforce (New-Question $more) -Foresee
        @(Get-TestStore).Count | Should -Be 1
        $run = Invoke-Enforce (New-Question $more)
        foreach ($answer in $ahead, $run) {
            @($answer.Failures | ForEach-Object { $_['message'] }) | Should -BeNullOrEmpty
            ($answer.Changed, $answer.Report.status, @($answer.Done).Count) | Should -Be ($true, 'compliant', 1)
        }
        (Invoke-Enforce (New-Question $more)).Changed | Should -BeFalse
        $run.Json | Should -Not -Match (Get-TestSecret)
    }
    It 'whose password file cannot be read is told, by the file' {
        $fault = Get-Fault { & $runner { Get-SameCASourceCredential -Source @{ path = '/x.pfx'; password_file = '/nowhere/pass' } } }
        $fault.Exception.Message | Should -BeLike "failed to read password_file '/nowhere/pass': *"
    }
}

Describe 'Changed' {
    It 'is true where a key was imported and Set-CsCertificate failed afterwards, and the actions say which was done' {
        $resource = Get-Lync 'lync-import'
        function global:Set-CsCertificate {
            [CmdletBinding(SupportsShouldProcess = $true)]
            param($Type, $Thumbprint, $Identity)
            throw "no: $Type $Thumbprint $Identity"
        }
        $answer = Invoke-Enforce $resource.Question()
        $answer.Changed | Should -BeTrue
        $answer.Report.status | Should -Be 'noncompliant'
        $answer.Done.action | Should -Be 'import'
        $answer.Failures.Count | Should -Be 1
        $answer.Failures[0]['message'] | Should -BeLike 'Set-CsCertificate failed to assign*no: WebServicesInternal*'
    }
    It 'is false where Set-CsCertificate only warned, and its warning is told' {
        $resource = Get-Lync 'lync-assign'
        function global:Set-CsCertificate {
            [CmdletBinding(SupportsShouldProcess = $true)]
            param($Type, $Thumbprint, $Identity)
            Write-Warning "the command failed for $Type $Thumbprint $Identity"
        }
        $answer = Invoke-Enforce $resource.Question()
        $answer.Changed | Should -BeFalse
        $answer.Done.Count | Should -Be 0
        $answer.Failures[0]['message'] | Should -BeLike 'Set-CsCertificate did not assign*it warned: the command failed for*'
        (Invoke-Check $resource.Question()).Report.status | Should -Be 'noncompliant'
    }
    It 'is true with the warnings of a Set-CsCertificate that warned and assigned' {
        $resource = Get-Lync 'lync-assign'
        function global:Set-CsCertificate {
            [CmdletBinding(SupportsShouldProcess = $true)]
            param($Type, $Thumbprint, $Identity)
            Write-Warning "restart what uses $Type $Identity"
            $global:SameCATestLync[$Type] = @([pscustomobject]@{ Thumbprint = $Thumbprint; Use = $Type; EffectiveDate = $null; PreviousThumbprint = $null })
        }
        $answer = Invoke-Enforce $resource.Question()
        $answer.Changed | Should -BeTrue
        $answer.Warnings | Should -BeLike 'Set-CsCertificate, lync:WebServicesInternal: restart what uses*'
        # Nothing is left to do, and nothing is said to be done.
        $again = Invoke-Enforce $resource.Question()
        ($again.Changed, $again.Done.Count) | Should -Be ($false, 0)
    }
    It 'stops at the first candidate where the account may not assign' {
        $resource = Get-Lync 'lync-import'
        $resource.Candidate = @((Join-Path $work 'newer.pfx'), (Join-Path $work 'right.pfx'))
        Set-TestStore -Names 'wrong'
        $global:SameCATestAsked = 0
        Enable-Lync -Uses ([pscustomobject]@{ WebServicesInternal = @([pscustomobject]@{ certificate = 'wrong' }) })
        function global:Set-CsCertificate {
            [CmdletBinding(SupportsShouldProcess = $true)]
            param($Type, $Thumbprint, $Identity)
            $global:SameCATestAsked++
            throw (New-Object System.UnauthorizedAccessException "access denied: $Type $Thumbprint $Identity")
        }
        $resource.Reference = Join-Path $work 'right.cer'
        $answer = Invoke-Enforce $resource.Question()
        $global:SameCATestAsked | Should -Be 1
        @($answer.Failures).Count | Should -Be 1
    }
    It 'comes with the services that would need a restart in check mode' {
        $resource = Get-Lync 'lync-assign'
        function global:Get-CimInstance {
            [CmdletBinding()]
            param($ClassName)
            foreach ($name in 'W3SVC', 'Spooler') { if ($ClassName) { [pscustomobject]@{ Name = $name; ProcessId = $PID } } }
        }
        try { (Invoke-Enforce $resource.Question() -Foresee).Restart | Should -Be 'W3SVC' }
        finally { Remove-Item function:Get-CimInstance }
    }
}

Describe 'RenewBefore' {
    It 'is refused at once for a thumbprint, which could only take itself' {
        Set-TestStore -Names 'right'
        $question = New-Question @{ Subject = $right; Candidate = Join-Path $work 'newer.pfx'; Policy = @{ renew_before = '14d' } }
        $fault = Get-Fault { Invoke-Check $question }
        $fault.Exception.Message | Should -BeLike "RenewBefore cannot replace '$right'*name the whole store"
    }
}

Describe 'People are told' {
    It 'of a whole store why ten certificates were passed over, and how many more' {
        Set-TestStore -Names 'wrong'
        $folder = Join-Path $work 'many'
        $null = New-Item -ItemType Directory -Path $folder -Force
        $question = New-Question @{ Policy = @{ names = @('other.contoso.com') } }
        Set-TestStore -Names @('wrong', 'right', 'newer', 'keyless') -More 9
        $answer = Invoke-Check $question
        $message = Get-Message $answer
        $message | Should -BeLike '*and 3 more*'
        $message | Should -Not -Match 'passed_over'
        # A store has no order: which ten are told is not known here.
        $told = [regex]::Matches($message, ': certificate (?<thumbprint>[0-9A-F]{40}): ') | ForEach-Object { $_.Groups['thumbprint'].Value }
        @($told | Sort-Object -Unique).Count | Should -Be 10
        $resource = New-Resource @{ Reference = $question['Reference']; Subject = $question['Subject']; Authority = $ca; DnsName = 'other.contoso.com' }
        $resource.Get().Reasons.Phrase -join "`n" |
            Should -BeLike '*certificate *and 3 more*'
    }
    It 'of a wrong candidate password first, by the name of what holds it' {
        Set-TestStore -Names 'wrong', 'right'
        $other = [pscredential]::new('pfx', (ConvertTo-SecureString 'another' -AsPlainText -Force))
        $question = New-Question @{
            Policy = @{ names = @('other.contoso.com') }
            Candidate = (Join-Path $work 'right.cer'), (Join-Path $work 'newer.pfx')
            CandidateCredential = $other
        }
        $told = @(& $runner { param($given) Get-SameCAReason -Answer $given } (Invoke-Enforce $question -Foresee))
        $told = @($told | Where-Object { $_['message'] -match '^(candidate|certificate) ' })
        $told[0]['message'] | Should -BeLike "candidate *newer.pfx*password*"
        $told[0]['hint'] | Should -Be 'give it in CandidateCredential'
        (Get-Message (Invoke-Enforce $question -Foresee)) | Should -Not -Match 'another'
    }
    It 'of no CA certificate that a PKCS#12 file carries' {
        Set-TestStore -Names 'wrong'
        $question = New-Question @{ Candidate = Join-Path $work 'newer.pfx'; Policy = @{ names = @('other.contoso.com') } }
        $message = Get-Message (Invoke-Enforce $question -Foresee)
        $message | Should -BeLike "*candidate *newer.pfx, $((Get-TestCertificate 'newer').Thumbprint)*"
        $message | Should -Not -Match (Get-TestCertificate 'ca').Thumbprint
    }
    It 'in the words of their own tool: <Caller>' -ForEach @(
        @{ Caller = 'Dsc'; Given = 'see passed_over for what each one lacks'; Said = 'the other reasons say what each one lacks' }
        @{ Caller = 'Dsc'; Given = 'give candidates and run enforce, or ask'; Said = 'give Candidate and run Set, or ask' }
        @{ Caller = 'Dsc'; Given = 'add its CA certificate to authorities, or pin its key'; Said = 'add its CA certificate to Authority, or pin its key' }
        @{ Caller = 'Dsc'; Given = "give names, such as the server's host name"; Said = "give DnsName, such as the server's host name" }
        @{ Caller = 'Dsc'; Given = 'give the password with --password-file or password_file'; Said = 'give the password in SubjectCredential' }
        @{ Caller = 'Ansible'; Given = 'run enforce to install the candidate'; Said = 'run sameca.pki.win_same_ca to install the candidate' }
        @{ Caller = 'Ansible'; Given = 'give the password with --password-file or password_file'; Said = 'give the password in privatekey_passphrase' }
        @{ Caller = 'Ansible'; Given = 'give names, such as x'; Said = 'give policy.names, such as x' }
    ) {
        & $runner { param($name) Set-SameCACaller -Name $name } $Caller
        try { & $runner { param($text) ConvertTo-SameCAWording -Text $text } $Given | Should -BeExactly $Said }
        finally { & $runner { Set-SameCACaller -Name Dsc } }
    }
    It 'which property was refused, and what was given there: <Said>' -ForEach @(
        @{ More = @{ Policy = @{ profile = 'mutual' } }; Said = "Profile 'mutual'" }
        @{ More = @{ Policy = @{ warn_before_expiry = 'soon' } }; Said = "WarnBeforeExpiry 'soon'" }
        @{ More = @{ PinnedKey = 'abc' }; Said = "PinnedKey 'abc'" }
    ) {
        Set-TestStore -Names 'right'
        $fault = Get-Fault { Invoke-Check (New-Question $More) }
        $fault.Exception.Message | Should -BeLike "same-ca refused the request: ${Said}: *(bad-request)"
        $fault.FullyQualifiedErrorId | Should -Be 'SameCA.Refused'
        $fault.Exception.Data['SameCA.Error']['pointer'] | Should -BeLike '/*'
    }
    It 'no secret of a request that was refused' {
        $given = @{ candidates = @(@{ path = '/x'; password = 'contoso-4' }) }
        $named = & $runner { param($given) Resolve-SameCAPointer -Pointer '/candidates/0/password' -Request $given } $given
        $named['name'] | Should -Be 'CandidateCredential'
        $named['value'] | Should -BeNullOrEmpty
    }
    It 'of an old version before what it refused' {
        $old = New-FakeBinary '{"protocol":1,"error":{"code":"bad-request","message":"unknown field"}}' '' 2 -Version 'same-ca 0.0.9'
        (Get-Fault { Invoke-Check (New-Question @{ BinaryPath = $old }) }).FullyQualifiedErrorId | Should -Be 'SameCA.BinaryTooOld'
    }
    It 'that it is no same-ca where the answer is <Answer>' -ForEach @(
        @{ Answer = '{"error":{}}' }
        @{ Answer = '{"protocol":1,"error":{}}' }
        @{ Answer = '{"protocol":1,"error":null}' }
        @{ Answer = '{"protocol":1,"error":{"code":"x"}}' }
        @{ Answer = '{"protocol":1,"error":"no"}' }
        @{ Answer = '{"protocol":1,"tool":{"version":"0.1.0"},"status":"compliant","message":"","reference":null,"subjects":[]}' }
        @{ Answer = '{"protocol":1,"tool":{"version":"0.1.0"},"status":"compliant","message":"","reference":{"members":{},"findings":[]},"subjects":[]}' }
        @{ Answer = '{"protocol":1,"tool":{"version":"0.1.0"},"status":"compliant","message":"","reference":{"members":[],"findings":[]},"subjects":[{}]}' }
        @{ Answer = '{"protocol":1,"tool":null}' }
        @{ Answer = '{"protocol":1,"tool":{"version":"0.1.0"},"status":7,"message":"","reference":{"members":[],"findings":[]},"subjects":[]}' }
        @{ Answer = '[1]' }
        @{ Answer = '"text"' }
        @{ Answer = 'null' }
    ) {
        $fault = Get-Fault { Invoke-Check (New-Question @{ BinaryPath = New-FakeBinary $Answer '' 0 }) }
        $fault.FullyQualifiedErrorId | Should -Be 'SameCA.NoReport'
        $fault.Exception.Message | Should -Match 'is it same-ca\?|is .* a whole same-ca\?'
    }
    It 'the beginning of a long complaint, and how the program ended' {
        $long = New-FakeBinary '' ('x' * 100000) 3
        $message = (Get-Fault { Invoke-Check (New-Question @{ BinaryPath = $long }) }).Exception.Message
        $message.Length | Should -BeLessThan 2500
        $message | Should -BeLike '*(exit code 3): xxx*'
    }
    It 'of a program that a signal ended' -Skip:([System.IO.Path]::DirectorySeparatorChar -eq '\') {
        $path = New-Script 'kill -9 $$'
        (Get-Fault { Invoke-Check (New-Question @{ BinaryPath = $path }) }).Exception.Message | Should -BeLike '*ended by signal 9*'
    }
}

Describe 'A program' -Skip:([System.IO.Path]::DirectorySeparatorChar -eq '\') {
    It 'that hangs is ended after the limit, its child too' {
        $mark = Join-Path $work 'child'
        $path = New-Script "(sleep 60; touch '$mark') & echo `$! > '$mark.pid'; sleep 60"
        $watch = [System.Diagnostics.Stopwatch]::StartNew()
        $fault = Get-Fault { Invoke-Check (New-Question @{ BinaryPath = $path; Timeout = 1 }) }
        $fault.FullyQualifiedErrorId | Should -Be 'SameCA.TimedOut'
        $fault.Exception.Message | Should -BeLike '*was ended after 1 seconds; give a longer Timeout*'
        $watch.Elapsed.TotalSeconds | Should -BeLessThan 20
        $child = [int](Get-Content -LiteralPath "$mark.pid")
        # One that nobody waits for stays as a zombie.
        for ($count = 0; $count -lt 50 -and (Test-Alive $child); $count++) { Start-Sleep -Milliseconds 100 }
        Test-Alive $child | Should -BeFalse
    }
    It 'whose child keeps the output open does not hold the answer' {
        $answer = '{"protocol":1,"error":{"code":"bad-request","message":"no"}}'
        $path = New-Script "sleep 8 & echo '$answer'; exit 2"
        $watch = [System.Diagnostics.Stopwatch]::StartNew()
        (Get-Fault { Invoke-Check (New-Question @{ BinaryPath = $path }) }).FullyQualifiedErrorId | Should -Be 'SameCA.Refused'
        $watch.Elapsed.TotalSeconds | Should -BeLessThan 7
    }
    It '<Does> is told so, at once or after the limit' -ForEach @(
        @{ Does = 'that hangs, whatever signal it is sent,'; Script = "trap '' TERM INT HUP; while :; do sleep 1; done"; Words = '; give a longer Timeout*' }
        @{ Does = 'that hangs and reads nothing'; Script = 'exec sleep 60' }
        @{ Does = 'that writes half an answer and hangs'; Script = "printf '{`"protocol`":1,'; exec sleep 60" }
        @{ Does = 'that writes a little for ever'; Script = 'while :; do echo x; sleep 0.2; done' }
        @{ Does = 'that floods its complaint'; Script = 'exec yes 1>&2' }
        @{ Does = 'that closes its outputs and hangs'; Script = 'exec 1>&- 2>&-; exec sleep 60' }
        @{ Does = 'that floods its answer'; Script = 'exec yes'; Id = 'NoReport'; Words = '*wrote more than 1 MiB, and was ended; is it same-ca?' }
        @{
            Does = 'that floods its complaint, and then answers'; Script = 'yes | head -c 3000000 1>&2; exit 3'; Id = 'NoReport'
            Words = 'same-ca gave no report (exit code 3): y / y*...; is * a whole same-ca?*'
        }
        @{ Does = 'that dies at once'; Script = 'exit 1'; Id = 'NoReport'; Words = '*(exit code 1): it wrote 0 characters that are no report*' }
        @{
            Does = 'that dies in the middle of its answer'; Script = "printf '{`"protocol`":1,'; kill -SEGV `$`$"; Id = 'NoReport'
            Words = '*(ended by signal 11): it wrote 14 characters that are no report*'
        }
    ) {
        & $runner { $script:LargestAnswer = 1MB }
        # What ends by itself, or is ended for what it writes, does not wait for the limit.
        $limit = 60
        if (-not $Id) { $limit, $Id, $Words = 1, 'TimedOut', "*was ended after 1 seconds$(if ($Words) { $Words } else { '*' })" }
        $watch = [System.Diagnostics.Stopwatch]::StartNew()
        try { $fault = Get-Fault { Invoke-Check (New-Question @{ BinaryPath = New-Script $Script; Timeout = $limit }) } }
        finally { & $runner { $script:LargestAnswer = 256MB } }
        $took = $watch.Elapsed.TotalSeconds
        Write-Host ('    {0:n1} s: {1}' -f $took, $fault.Exception.Message.Substring(0, [System.Math]::Min(150, $fault.Exception.Message.Length)))
        $fault.FullyQualifiedErrorId | Should -Be "SameCA.$Id"
        $fault.Exception.Message | Should -BeLike $Words
        $fault.Exception.Message.Length | Should -BeLessThan 2500
        $took | Should -BeLessThan 20
    }
}

Describe 'An error' {
    It 'has an id, a category and a target: <Id>' -ForEach @(
        @{ Id = 'BinaryNotStarted'; Category = 'ResourceUnavailable'; More = @{ BinaryPath = '/nowhere/same-ca' } }
        @{ Id = 'RelativePath'; Category = 'InvalidArgument'; More = @{ Authority = 'ca.cer' } }
        @{ Id = 'StoreNotOpened'; Category = 'OpenError'; More = @{ Subject = 'store:CurrentUser/NoSuchStore' } }
        @{ Id = 'BadSource'; Category = 'InvalidArgument'; More = @{ Subject = 'ldap:x' } }
        @{ Id = 'BadThumbprint'; Category = 'InvalidArgument'; More = @{ Subject = 'store:CurrentUser/SameCATest/0123' } }
        @{ Id = 'LyncMissing'; Category = 'NotInstalled'; More = @{ Subject = 'lync:Default' } }
    ) {
        Disable-Lync
        $fault = Get-Fault { Invoke-Check (New-Question $More) }
        $fault.FullyQualifiedErrorId | Should -Be "SameCA.$Id"
        $fault.CategoryInfo.Category | Should -Be $Category
        $fault.TargetObject | Should -Not -BeNullOrEmpty
    }
    It 'of a missing program is told from others by scripts' {
        $path = $env:PATH
        $env:PATH = ''
        try { $fault = Get-Fault { & $runner { Find-SameCABinary } } } finally { $env:PATH = $path }
        if ($fault.Exception.Message -eq 'nothing was thrown') { Set-ItResult -Skipped -Because 'this machine has same-ca in /usr/local/bin'; return }
        $fault.FullyQualifiedErrorId | Should -Be 'SameCA.BinaryMissing'
        $fault.CategoryInfo.Category | Should -Be 'ObjectNotFound'
    }
}

Describe 'A private key' {
    It 'that Windows finds no key set for is gone or may not be read, and both are said' {
        Set-TestStore -Names 'right'
        $open = & $runner { ${function:Open-SameCAPrivateKey} }
        Set-Runner 'Open-SameCAPrivateKey' {
            $bad = New-Object System.Security.Cryptography.CryptographicException 'Keyset does not exist'
            $bad.HResult = 0x80090016
            throw $bad
        }
        try {
            $phrase = (New-Resource @{ Reference = Join-Path $work 'right.cer'; Subject = $right; Authority = $ca }).Get().Reasons.Phrase -join "`n"
            $phrase | Should -BeLike '*NTE_BAD_KEYSET*is gone, or * may not read it*PsDscRunAsCredential*'
        }
        finally { Set-Runner 'Open-SameCAPrivateKey' $open }
    }
    It 'of a file that only newer Windows reads is told as such, since same-ca has opened the file' {
        Write-Bytes 'aes.pfx' ([byte[]](0x30, 0x03, 0x02, 0x01, 0x03))
        $loader = & $runner { ${function:ConvertFrom-SameCABase64} }
        Set-Runner 'ConvertFrom-SameCABase64' {
            $bad = New-Object System.Security.Cryptography.CryptographicException 'The specified network password is not correct.'
            $bad.HResult = 0x80070056
            throw $bad
        }
        try {
            $fault = Get-Fault { & $runner { param($path) Read-SameCAPkcs12 -Path $path -Flags 'UserKeySet' } (Join-Path $work 'aes.pfx') }
            $fault.Exception.Message | Should -BeLike "*before Server 2019 does not read AES-256*openssl pkcs12 -export -legacy*"
            $fault.Exception.Message | Should -Not -Match 'CandidateCredential'
        }
        finally { Set-Runner 'ConvertFrom-SameCABase64' $loader }
    }
    It 'that no file of a folder gives is told with the files that were skipped' {
        $folder = Join-Path $work 'skipped'
        $null = New-Item -ItemType Directory -Path $folder -Force
        [System.IO.File]::WriteAllBytes((Join-Path $folder 'broken.pfx'), [byte[]](1..40))
        $fault = Get-Fault { & $runner { param($path) Find-SameCAFile -Path $path -Hash ('0' * 64) } $folder }
        $fault.Exception.Message | Should -BeLike '*skipped: broken.pfx: *'
    }
}

Describe 'KeyReaders' {
    BeforeAll {
        $pathOf = & $runner { ${function:Get-SameCAKeyPath} }
        $accessOf = & $runner { ${function:Get-SameCAKeyAccess} }
        $grant = & $runner { ${function:Add-SameCAKeyAccess} }
        Set-Runner 'Get-SameCAKeyPath' { '/the/key' }
        Set-Runner 'Get-SameCAKeyAccess' { $global:SameCATestReaders }
        Set-Runner 'Add-SameCAKeyAccess' { param([string] $Path, [string] $Sid) $global:SameCATestReaders += $Sid; $global:SameCATestKey = $Path }
    }
    AfterAll {
        Set-Runner 'Get-SameCAKeyPath' $pathOf
        Set-Runner 'Get-SameCAKeyAccess' $accessOf
        Set-Runner 'Add-SameCAKeyAccess' $grant
    }
    It 'are looked for by Test, granted by Set on the key of what was installed, and then are there' {
        $global:SameCATestReaders = @('S-1-5-18')
        Set-TestStore -Names 'wrong'
        $resource = New-Resource @{
            Reference = Join-Path $work 'right.cer'; Subject = 'store:CurrentUser/SameCATest'; Authority = $ca
            Candidate = Join-Path $work 'newer.pfx'; CandidateCredential = $true; KeyReaders = 'NETWORK SERVICE', 'S-1-5-19'
        }
        $resource.Test() | Should -BeFalse
        $global:SameCATestReaders | Should -Be 'S-1-5-18'
        $resource.Set()
        $global:SameCATestReaders | Should -Be 'S-1-5-18', 'S-1-5-20', 'S-1-5-19'
        $resource.Test() | Should -BeTrue
        $global:SameCATestReaders = @('S-1-5-20')
        $resource.Test() | Should -BeFalse
        $resource.Get().Reasons.Phrase -join "`n" | Should -BeLike "*S-1-5-19 may not read the private key of $((Get-TestCertificate 'newer').Thumbprint)*"
        (Invoke-Enforce $resource.Question() -Foresee).Changed | Should -BeTrue
        $global:SameCATestReaders | Should -Be 'S-1-5-20'
    }
}

Describe 'A store' {
    It 'is read once for an operation, and each key opened once' {
        Set-TestStore -Names 'wrong', 'right', 'newer'
        $held = & $runner { ${function:New-SameCAHeld} }
        $global:SameCATestHeld = $held
        $global:SameCATestRead = 0
        Set-Runner 'New-SameCAHeld' { param($Certificate) $global:SameCATestRead++; & $global:SameCATestHeld -Certificate $Certificate }
        try {
            $question = New-Question @{
                Policy = @{ names = @((& $runner { Get-SameCAHostName })) }
                Candidate = 'store:CurrentUser/SameCATest', (Join-Path $work 'newer.pfx')
            }
            $question['Subject'] = 'store:CurrentUser/SameCATest', $right
            $evidence = 0
            $null = Invoke-Check $question
            foreach ($store in & $runner { $script:Stores.Keys }) { $evidence += (& $runner { param($name) $script:Stores[$name].Count } $store) }
            $global:SameCATestRead | Should -Be $evidence
            $global:SameCATestRead = 0
            $null = Invoke-Enforce $question
            $global:SameCATestRead | Should -Be $evidence
        }
        finally { Set-Runner 'New-SameCAHeld' $held }
    }
    It 'of many certificates is opened and read once by Get, Test and Set each, whatever Set has to do' {
        # SAME_CA_STORE_SIZE says how many; what is counted here does not depend on it.
        $size = 100
        if ($env:SAME_CA_STORE_SIZE) { $size = [int]$env:SAME_CA_STORE_SIZE }
        Set-TestStore -Names 'wrong' -More $size
        $global:SameCATestContent = & $runner { ${function:Get-SameCAStoreContent} }
        Set-Runner 'Get-SameCAStoreContent' {
            param([string] $Location, [string] $Store)
            $global:SameCATestOpened["$Location\$Store"] += 1
            , (& $global:SameCATestContent -Location $Location -Store $Store)
        }
        try {
            $resource = New-Resource @{
                Reference = Join-Path $work 'right.cer'; Authority = $ca; Subject = 'store:CurrentUser/SameCATest', $wrong
                Candidate = 'store:CurrentUser/SameCATest', (Join-Path $work 'newer.pfx'); CandidateCredential = $true
            }
            $times = foreach ($operation in 'Get', 'Test', 'Set', 'Test') {
                $global:SameCATestOpened = @{}
                $watch = [System.Diagnostics.Stopwatch]::StartNew()
                # The thumbprint keeps its certificate of the other CA: Set imports for the store, and fails.
                try { $null = & { $resource.$operation() } 4>$null } catch { $_.Exception.Message | Should -BeLike '*is still noncompliant after Set*' }
                '{0} {1:n1} s' -f $operation, $watch.Elapsed.TotalSeconds
                foreach ($store in $global:SameCATestOpened.Keys) { "$operation $store $($global:SameCATestOpened[$store])" | Should -BeLike '* 1' }
                $global:SameCATestOpened.Keys | Should -Contain 'CurrentUser\SameCATest'
            }
            Write-Host "    a store of $($size + 1) certificates: $($times -join ', ')"
            @(Get-TestStore | Where-Object { $_.Thumbprint -eq (Get-TestCertificate 'newer').Thumbprint }).Count | Should -Be 1
        }
        finally { Set-Runner 'Get-SameCAStoreContent' $global:SameCATestContent }
    }
}
