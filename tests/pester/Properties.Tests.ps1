# What may be given, in which forms, and what comes back: properties of the class, times and documents of Ansible's users, names of files.
BeforeAll {
    . (Join-Path $PSScriptRoot 'Shared.ps1')
    Set-TestStore -Names 'right'
    function Get-Fault([scriptblock] $Doing) {
        try { $null = & $Doing } catch { return $_ }
        throw 'nothing was thrown'
    }
    function New-Usual([hashtable] $More) {
        $all = @{ Reference = $right; Subject = $right }
        foreach ($name in $More.Keys) { $all[$name] = $More[$name] }
        New-Resource $all
    }
}

AfterAll { Set-TestStore -Names @() }

Describe 'A property' {
    It '<Name> takes no <Value>' -ForEach @(
        @{ Name = 'Profile'; Value = 'lync' }
        @{ Name = 'Match'; Value = 'cousin' }
        @{ Name = 'Level'; Value = 'top' }
        @{ Name = 'Proof'; Value = 'belief' }
        @{ Name = 'Name'; Value = '' }
        @{ Name = 'Subject'; Value = @() }
        @{ Name = 'Timeout'; Value = 0 }
        @{ Name = 'KeyExportable'; Value = 'yes' }
        @{ Name = 'ReplaceStaged'; Value = 1 }
    ) {
        (Get-Fault { New-Usual @{ $Name = $Value } }).Exception.Message | Should -BeLike "*`"$Name`"*"
    }
    It '<Name> is taken in any case' -ForEach @(
        @{ Name = 'Profile'; Value = 'Lync-Server-2013'; Part = 'profile' }
        @{ Name = 'Match'; Value = 'AUTHORITY'; Part = 'match' }
        @{ Name = 'Level'; Value = 'Issuing'; Part = 'level' }
        @{ Name = 'Proof'; Value = 'Signature'; Part = 'proof' }
    ) {
        (Get-Request (New-Usual @{ $Name = $Value }))['policy'][$Part] | Should -BeExactly $Value.ToLowerInvariant()
    }
    It 'KeyExportable is what the word says: <Word>' -ForEach @(
        @{ Word = 'false'; Is = $false }
        @{ Word = 'False'; Is = $false }
        @{ Word = 'true'; Is = $true }
        @{ Word = $true; Is = $true }
    ) {
        $resource = New-Usual @{ KeyExportable = $Word }
        $resource.KeyExportable | Should -Be $Is
        $resource.GetType().GetProperty('KeyExportable').GetValue($resource) | Should -Be $Is
        $resource.Get().KeyExportable | Should -Be $Is
    }
    It 'has an empty element, and that is an error: <Name>' -ForEach @(
        @{ Name = 'Reference' }, @{ Name = 'Subject' }, @{ Name = 'Authority' }, @{ Name = 'Candidate' }, @{ Name = 'DnsName' }, @{ Name = 'PinnedKey' }
    ) {
        # Subject refuses it itself.
        $fault = Get-Fault { (New-Usual @{ $Name = @('') }).Test() }
        $fault.Exception.Message | Should -BeLike "*$Name*"
    }
    It 'DnsName is no host name: <Value>' -ForEach @(
        @{ Value = 'https://pchat01.contoso.com' }, @{ Value = 'pchat01 contoso' }, @{ Value = 'a..b' }, @{ Value = 'pchat01:5061' }, @{ Value = 'a.*.b' }
    ) {
        $fault = Get-Fault { (New-Usual @{ DnsName = $Value }).Test() }
        $fault.Exception.Message | Should -BeLike "DnsName '$([WildcardPattern]::Escape($Value))' is not a host name*"
    }
    It 'DnsName is a host name: <Value>' -ForEach @(
        @{ Value = 'pchat01.contoso.com' }, @{ Value = '*.contoso.com' }, @{ Value = 'PCHAT01' }, @{ Value = '10.0.0.1' }
    ) {
        (Get-Request (New-Usual @{ DnsName = $Value }))['policy']['names'] | Should -Be $Value
    }
    It 'a thumbprint is found however it was copied' {
        $thumbprint = (Get-TestCertificate 'right').Thumbprint
        $copied = [char]0x200E + ($thumbprint.ToLowerInvariant() -replace '(..)', '$1 ').Trim()
        foreach ($source in "store:CurrentUser/SameCATest/$copied", "$([char]0xFEFF)store:CurrentUser/SameCATest/$thumbprint$([char]0xFEFF)") {
            (Get-Request (New-Usual @{ Subject = $source }))['subjects'][0]['source'] | Should -Not -BeNullOrEmpty
        }
    }
    It 'a thumbprint of fewer than 40 digits is an error, and not a missing certificate' {
        foreach ($part in '0123', '', ('g' * 40), ('0' * 41)) {
            (Get-Fault { (New-Usual @{ Subject = "store:CurrentUser/SameCATest/$part" }).Test() }).FullyQualifiedErrorId | Should -Be 'SameCA.BadThumbprint'
        }
    }
}

Describe 'A credential' {
    BeforeAll {
        function New-Wrapped([string] $Text) { [pscredential]::new('pfx', (ConvertTo-SecureString $Text -AsPlainText -Force)) }
    }
    It 'whose password came as a secureString is understood' {
        # What DSC's adapter makes of {"username": "pfx", "password": {"secureString": "..."}}.
        $resource = New-Usual @{ Subject = Join-Path $work 'subject.pfx' }
        $resource.SubjectCredential = New-Wrapped "@{secureString=$(Get-TestSecret)}"
        (Get-Request $resource)['subjects'][0]['source']['password'] | Should -BeExactly (Get-TestSecret)
    }
    It 'whose password came as another object is refused by name' {
        foreach ($text in 'System.Collections.Hashtable', '@{secureObject=@{password=x}}', 'System.Management.Automation.PSCustomObject') {
            $resource = New-Usual @{ Subject = Join-Path $work 'subject.pfx' }
            $resource.SubjectCredential = New-Wrapped $text
            (Get-Fault { $resource.Test() }).Exception.Message | Should -BeLike 'the password of SubjectCredential is an object*secureObject*'
        }
    }
}

Describe 'Two states' {
    It 'of a server on which nothing changed are equal, whenever they were taken' {
        $resource = New-Usual @{ KeyExportable = $true }
        $first = $resource.Get() | ConvertTo-Json -Depth 9
        Start-Sleep -Milliseconds 1100
        $resource.Get() | ConvertTo-Json -Depth 9 | Should -BeExactly $first
        $first | Should -Not -Match 'collected_at'
    }
}

Describe 'Test' {
    It 'tells its reasons where only what is written with -Verbose is seen, as under DSC v3' {
        Set-TestStore -Names 'right', 'wrong'
        $resource = New-Usual @{ Subject = $wrong; Authority = $ca }
        $VerbosePreference = 'SilentlyContinue'
        & { $resource.Test() } 4>&1 | Out-String | Should -BeLike '*it was issued by CN=Fabrikam CA*'
    }
}

Describe 'Ansible''s users' {
    It 'write a time as <Text>' -ForEach @(
        @{ Text = '2026-11-20T01:30:00+01:30'; Is = '2026-11-20T00:00:00Z' }
        @{ Text = '2026-11-20 00:00:00'; Is = '2026-11-20T00:00:00Z' }
        @{ Text = '2026-11-19T23:00:00.5-01:00'; Is = '2026-11-20T00:00:00Z' }
        @{ Text = '20261120000000Z'; Is = '2026-11-20T00:00:00Z' }
        @{ Text = '261120000000Z'; Is = '2026-11-20T00:00:00Z' }
    ) {
        & $runner { param($text) ConvertTo-SameCATime -Text $text -Option collected_at } $Text | Should -BeExactly $Is
    }
    It 'write a time from now' {
        $given = & $runner { ConvertTo-SameCATime -Text '-1h30m' -Option collected_at }
        $away = [System.DateTimeOffset]::UtcNow - [System.DateTimeOffset]::Parse($given)
        $away.TotalMinutes | Should -BeGreaterThan 89
        $away.TotalMinutes | Should -BeLessThan 92
    }
    It 'are told of a time that is none: <Text>' -ForEach @(@{ Text = 'yesterday' }, @{ Text = '2026-13-40T00:00:00Z' }, @{ Text = '+999999999w' }) {
        $fault = Get-Fault { & $runner { param($text) ConvertTo-SameCATime -Text $text -Option collected_at } $Text }
        $fault.Exception.Message | Should -BeLike 'collected_at: *'
    }
    It 'give a reference document as itself, as text, as what was registered, or as a path' {
        $document = @{ kind = 'reference'; members = @(@{ name = 'fe01' }) }
        foreach ($form in $document, '{"kind": "reference", "members": [{"name": "fe01"}]}', @{ changed = $false; document = $document }) {
            $read = & $runner { param($given) ConvertTo-SameCADocument -Value $given } $form
            $read['ReferenceDocument']['kind'] | Should -Be 'reference'
        }
        (& $runner { ConvertTo-SameCADocument -Value 'C:\lync.json' })['ReferencePath'] | Should -Be 'C:\lync.json'
        (& $runner { ConvertTo-SameCADocument -Value $null }).Count | Should -Be 0
        { & $runner { ConvertTo-SameCADocument -Value '{broken' } } | Should -Throw -ExpectedMessage '*this text is no JSON of a reference document'
    }
    It 'give one string for a list, a subject as text or dictionary, and no private key' {
        $key = "-----BEGIN PRIVATE KEY-----`nMIIB`n-----END PRIVATE KEY-----`n"
        $list = New-Object 'System.Collections.Generic.List[object]'
        $list.Add('lync:Default')
        $list.Add('{"name": "web", "source": {"path": "/x"}}')
        $given = New-Object 'System.Collections.Generic.Dictionary[string,object]'
        $given['reference'] = 'C:\a,b.cer'
        $given['subjects'] = $list
        & $runner { param($given) ConvertTo-SameCAArgument -Arguments $given } $given
        @($given['reference']).Count | Should -Be 1
        $given['reference'][0]['source']['spec'] | Should -Be 'C:\a,b.cer'
        $given['subjects'][0]['source']['spec'] | Should -Be 'lync:Default'
        $given['subjects'][1]['source']['path'] | Should -Be '/x'
        $other = @{ subjects = @(@{ name = 'x'; source = @{ content = "A${key}B" } }) }
        & $runner { param($given) ConvertTo-SameCAArgument -Arguments $given } $other
        $other['subjects'][0]['source']['content'] | Should -Be 'AB'
    }
    It 'are told of an empty element, in whichever list: <_>' -ForEach 'reference', 'subjects', 'candidates', 'authorities', 'intermediates', 'pinned_keys' {
        $params = @{ requirement = 'chat'; reference = @($right); subjects = @($right) }
        $params[$_] = @('')
        & $runner { param($given) ConvertTo-SameCAArgument -Arguments $given } $params
        & $runner { Set-SameCACaller -Name Ansible }
        try {
            $fault = Get-Fault { & $runner { param($given) New-SameCAQuestion -Given (ConvertTo-SameCAQuestion -Params $given) } $params }
            $fault.Exception.Message | Should -BeLike "$_ has an empty element; leave it out*"
        }
        finally { & $runner { Set-SameCACaller -Name Dsc } }
    }
    It 'give a list as its text, and policy and distrusted keys in any form' {
        $given = @{
            reference = '["/a.cer", {"name": "b", "key_sha256": "00"}]'
            authorities = @{ path = '/ca' }
            policy = '{"distrust": ["/d.cer", {"key_sha256": "11"}, {"content": "PEM"}]}'
        }
        & $runner { param($given) ConvertTo-SameCAArgument -Arguments $given } $given
        @($given['reference']).Count | Should -Be 2
        $given['reference'][1]['key_sha256'] | Should -Be '00'
        @($given['authorities']).Count | Should -Be 1
        $given['requirement'], $given['subjects'] = 'chat', @($right)
        $request = & $runner { param($given) (New-SameCAQuestion -Given (ConvertTo-SameCAQuestion -Params $given))['Request'] } $given
        @($request['reference'] | ForEach-Object { $_['name'] }) | Should -Be '/a.cer', 'b'
        $request['authorities'][0] | Should -Be '/ca'
        ConvertTo-Json -InputObject $request['policy']['distrust'] -Compress | Should -Be '["/d.cer",{"key_sha256":"11"},{"pem":"PEM"}]'
    }
    It 'ask with dictionaries what they ask with strings' {
        $params = New-Object 'System.Collections.Generic.Dictionary[string,object]'
        $params['requirement'] = 'chat'
        $params['reference'] = @($right)
        $params['subjects'] = @(
            @{ name = $right; source = @{ spec = $right } },
            @{ name = 'web'; use = 'Web'; names = @('a.contoso.com'); source = @{ spec = $right } }
        )
        $question = & $runner { param($given) ConvertTo-SameCAQuestion -Params $given } $params
        $question['Subject'][0] | Should -Be $right
        $request = & $runner { param($given) (New-SameCAQuestion -Given $given)['Request'] } $question
        $request['subjects'][1]['name'] | Should -Be 'web'
        $request['subjects'][1]['use'] | Should -Be 'Web'
        $request['subjects'][1]['source']['der'] | Should -Be $request['subjects'][0]['source']['der']
    }
}

Describe 'The file of a report' {
    BeforeAll { function Get-Name([string] $Requirement) { & $runner { param($name) Get-SameCAReportName -Requirement $name } $Requirement } }
    It 'has a name that fits a file system, and of its own' {
        $long = 'x' * 400
        (Get-Name $long).Length | Should -BeLessThan 255
        Get-Name $long | Should -Not -Be (Get-Name "${long}y")
        (Get-Name ([string][char]0x20AC * 100)).Length | Should -BeLessThan 255
    }
    It 'is another where names differ in case alone' {
        (Get-Name 'Chat').ToLowerInvariant() | Should -Not -Be (Get-Name 'chat').ToLowerInvariant()
        Get-Name 'chat' | Should -BeLike '*.chat.json'
    }
    It 'can be named after half a character' {
        $name = "a$([char]0xD83D)b"
        Get-Name $name | Should -BeLike '*.a%EF%BF%BDb.json'
        $resource = New-Usual @{ Name = $name; ReportPath = $TestDrive }
        $resource.Test() | Should -BeTrue
    }
}
