# The DSC module against the real same-ca, with certificates made here and Lync's cmdlets played.
BeforeDiscovery {
    $folder = Join-Path (Split-Path $PSScriptRoot) 'powershell/golden'
    $golden = @(foreach ($file in Get-ChildItem -LiteralPath $folder -Filter '*.json') {
        $read = Get-Content -Raw -LiteralPath $file.FullName | ConvertFrom-Json
        @{
            Says = $read.says
            Path = $file.FullName
            Name = $file.BaseName
            Mends = [bool]($read.PSObject.Properties['enforce'] -and @($read.enforce).Count -gt 0)
        }
    })
    # Files are installed on Unix.
    if ([System.IO.Path]::DirectorySeparatorChar -eq '\') { $golden = @($golden | Where-Object { $_.Name -notlike 'path-install*' }) }
    $mending = @($golden | Where-Object { $_.Mends })
    $assigned = @($mending | Where-Object { $_.Name -notlike 'path-*' })
    $kept = @($golden | Where-Object { $_.Name -in 'lync-no-candidate-fits', 'lync-staged-kept', 'lync-oauth-reported' })
}

BeforeAll {
    . (Join-Path $PSScriptRoot 'Shared.ps1')
}

AfterAll {
    Set-TestStore -Names @()
    Disable-Lync
    foreach ($name in 'SameCATestLync', 'SameCATestAssigned') { Remove-Variable -Scope Global -Name $name -ErrorAction SilentlyContinue }
}

Describe 'The request' {
    It 'is the golden one where <Says>' -ForEach $golden {
        $case = Read-Golden $Path
        $sent = Get-Request $case.Resource
        $sent['collected_at'] | Should -Match '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$'
        $sent['collected_at'] = 'now'
        # The machine's own CA certificates follow those that are given.
        $count = 0
        if ($case.Given.ContainsKey('Authority')) { $count = @($case.Given['Authority']).Count }
        $sent['authorities'] = @($sent['authorities'] | Select-Object -First $count)
        $sent['intermediates'] = @()
        foreach ($held in @($sent['candidates']) + @($sent['subjects'] | ForEach-Object { $_['source']; $_['any_of'] })) {
            if ($held -is [hashtable]) { $held.Remove('key_provider') }
        }
        ConvertTo-Canonical $sent '' | Should -BeExactly (ConvertTo-Canonical $case.Golden.request '')
    }
    It 'is answered as is expected where <Says>' -ForEach $golden {
        $case = Read-Golden $Path
        if ($case.Golden.check.PSObject.Properties['refused']) {
            { $case.Resource.Get() } | Should -Throw -ExpectedMessage "same-ca refused the request: *($($case.Golden.check.refused))"
            return
        }
        $state = $case.Resource.Get()
        $state.Status | Should -Be $case.Golden.check.status
        ConvertTo-Canonical (Get-Finding (Read-Json $state.Report)) '' | Should -BeExactly (ConvertTo-Canonical $case.Golden.check.findings '')
        $case.Resource.Test() | Should -Be ($state.Status -eq 'compliant')
    }
}

Describe 'The module' {
    It 'shows its resource to who has not loaded it' {
        $path = Join-Path (Split-Path (Split-Path $PSScriptRoot)) 'dsc/SameCADsc/SameCADsc.psd1'
        (Get-Module -ListAvailable $path).ExportedDscResources | Should -Be 'SameCACertificate'
    }
    It 'has help on every function of its runner, with each parameter and an example' {
        foreach ($command in $runner.ExportedFunctions.Values) {
            $help = & $runner { param($name) Get-Help $name -Full } $command.Name
            $help.Synopsis | Should -Not -BeNullOrEmpty -Because $command.Name
            @($help.examples.example).Count | Should -BeGreaterThan 0 -Because $command.Name
        }
    }
    It 'takes the program that lies beside it' {
        $folder = Join-Path $TestDrive 'beside'
        Copy-Item -Recurse -Path (Join-Path (Split-Path (Split-Path $PSScriptRoot)) 'dsc/SameCADsc') -Destination $folder
        $name = 'same-ca'
        if ([System.IO.Path]::DirectorySeparatorChar -eq '\') { $name = 'same-ca.exe' }
        Copy-Item -Path $binary -Destination (Join-Path $folder $name)
        $other = Import-Module (Join-Path $folder 'SameCA.psm1') -PassThru
        try { & $other { Find-SameCABinary } | Should -Be (Join-Path $folder $name) }
        finally { Remove-Module -ModuleInfo $other }
    }
}

Describe 'Set' {
    It 'brings about what is wanted, and then has nothing left to do, where <Says>' -ForEach $mending {
        $case = Read-Golden $Path
        # A golden case of Lync may have a staged certificate beside; assigning replaces it.
        $case.Resource.Set()
        $case.Resource.Test() | Should -BeTrue
        if ($case.Golden.PSObject.Properties['lync']) {
            $global:SameCATestAssigned.Count | Should -Be 1
            $use = $case.Golden.enforce[0].use
            $thumbprint = $global:SameCATestLync[$use][0].Thumbprint
            $identity = ''
            if ($use -eq 'OAuthTokenIssuer') { $identity = ' Global' }
            $global:SameCATestAssigned[0] | Should -Be "$use $thumbprint$identity"
        }
        $before = @(Get-TestStore).Count
        $case.Resource.Set()
        @(Get-TestStore).Count | Should -Be $before
        if ($case.Golden.PSObject.Properties['lync']) { $global:SameCATestAssigned.Count | Should -Be 1 }
    }
    It 'assigns nothing, and says why, where <Says>' -ForEach $kept {
        $case = Read-Golden $Path
        { $case.Resource.Set() } | Should -Throw -ExpectedMessage 'chat is still noncompliant after Set: *'
        $global:SameCATestAssigned.Count | Should -Be 0
    }
    It 'is foreseen as it comes about where <Says>' -ForEach $assigned {
        $case = Read-Golden $Path
        $ahead = & $runner {
            param($given)
            Clear-SameCAMemory
            $made = New-SameCAQuestion -Given $given
            $answer = Invoke-SameCA -Command 'enforce --what-if' -Request $made['Request'] -BinaryPath $given['BinaryPath']
            $foreseen = @{}
            foreach ($action in $answer.Report.actions) {
                $key = Get-SameCAKey $action
                $choice = @{ Action = $action; Request = $made['Request']; Place = $made['Places'][$key]; Credential = $made['Secret']; Foresee = $true }
                $outcome = Install-SameCAChoice @choice
                $foreseen[$key] = @{ action = $action; source = $outcome['source']; place = $made['Places'][$key] }
            }
            New-SameCAForeseen -Request $made['Request'] -Foreseen $foreseen
        } $case.Resource.Question()
        foreach ($subject in $ahead['subjects']) {
            foreach ($held in @($subject['source']) + @($subject['any_of'])) { if ($held -is [hashtable]) { $held.Remove('key_provider') } }
        }
        ConvertTo-Canonical $ahead['subjects'] '' | Should -BeExactly (ConvertTo-Canonical $case.Golden.foreseen '')
        $whole = & $runner { param($given) Invoke-SameCAEnforce -Question $given -Foresee } $case.Resource.Question()
        $whole.Changed | Should -BeTrue
        $whole.Report.status | Should -Be 'compliant'
        @($whole.Done).Count | Should -Be @($case.Golden.enforce).Count
        if ($case.Golden.PSObject.Properties['lync']) { $global:SameCATestAssigned.Count | Should -Be 0 }
    }
    It 'says of each candidate why it was not taken' {
        Set-TestStore -Names 'wrong'
        $resource = New-Resource @{ Reference = Join-Path $work 'right.cer'; Subject = 'store:CurrentUser/SameCATest'; Authority = $ca; Candidate = $wrong }
        { $resource.Set() } | Should -Throw -ExpectedMessage "*candidate $((Get-TestCertificate 'wrong').Thumbprint):*"
    }
    It 'imports the chosen certificate with its key, not exportable, and no CA certificate' {
        Set-TestStore -Names 'wrong'
        $resource = New-Resource @{
            Reference = Join-Path $work 'right.cer'
            Subject = 'store:CurrentUser/SameCATest'
            Authority = $ca
            Candidate = Join-Path $work 'newer.pfx'
            CandidateCredential = $true
        }
        $resource.Set()
        $held = @(Get-TestStore)
        $held.Count | Should -Be 2
        $new = @($held | Where-Object { $_.Thumbprint -eq (Get-TestCertificate 'newer').Thumbprint })
        $new.Count | Should -Be 1
        $new[0].HasPrivateKey | Should -BeTrue
        # Keys are always exportable where .NET keeps them in files.
        if ([System.IO.Path]::DirectorySeparatorChar -eq '\') { { $new[0].Export('Pfx', 'x') } | Should -Throw }
    }
    It 'opens no file again for a certificate that the store holds with its key' {
        Set-TestStore -Names 'newer'
        $hash = & $runner { param($der) Clear-SameCAMemory; Get-SameCASha256 $der } (Get-TestCertificate 'newer').RawData
        $import = @{ Path = Join-Path $work 'nowhere.pfx'; Hash = $hash; Location = 'CurrentUser'; Store = 'SameCATest' }
        $outcome = & $runner { param($given) Import-SameCACertificate @given } $import
        $outcome.Thumbprint | Should -Be (Get-TestCertificate 'newer').Thumbprint
        $outcome.Changed | Should -BeFalse
    }
    It 'imports no CA certificate, and nothing without its private key' {
        Set-TestStore -Names 'wrong'
        foreach ($name in 'ca', 'keyless') {
            $hash = & $runner { param($der) Clear-SameCAMemory; Get-SameCASha256 $der } (Get-TestCertificate $name).RawData
            if ($name -eq 'ca') { Write-Bytes 'refused.pfx' (Export-Pfx 'ca') } else { Write-Bytes 'refused.pfx' (Export-Pfx 'right', 'keyless') }
            $import = @{ Path = Join-Path $work 'refused.pfx'; Credential = $credential; Hash = $hash; Location = 'CurrentUser'; Store = 'SameCATest' }
            $words = if ($name -eq 'ca') { '*is a CA certificate, and none is ever imported' } else { '*without a private key*' }
            { & $runner { param($given) Import-SameCACertificate @given } $import } | Should -Throw -ExpectedMessage $words
        }
        @(Get-TestStore).Count | Should -Be 1
    }
    It 'fails with what Set-CsCertificate said, and with every reason' {
        $case = Read-Golden (Join-Path (Split-Path $PSScriptRoot) 'powershell/golden/lync-assign.json')
        function global:Set-CsCertificate {
            [CmdletBinding(SupportsShouldProcess = $true)]
            param($Type, $Thumbprint, $Identity)
            throw "access denied to $Type $Thumbprint $Identity"
        }
        $words = 'chat is still noncompliant after Set: lync:WebServicesInternal: *; ' +
        'lync:WebServicesInternal: Set-CsCertificate failed to assign*access denied*RTCUniversalServerAdmins*'
        { $case.Resource.Set() } | Should -Throw -ExpectedMessage $words
    }
    It 'gives the report of Set to the folder, also where it fails' {
        $case = Read-Golden (Join-Path (Split-Path $PSScriptRoot) 'powershell/golden/lync-no-candidate-fits.json')
        $reports = Join-Path $TestDrive 'set-reports'
        $null = New-Item -ItemType Directory -Path $reports -Force
        $case.Resource.ReportPath = $reports
        { $case.Resource.Set() } | Should -Throw
        @(Get-ChildItem -LiteralPath $reports -Force).Name | Should -Be "$hostName.chat.json"
    }
    It 'touches nothing where the folder of reports is given by a relative path' {
        $case = Read-Golden (Join-Path (Split-Path $PSScriptRoot) 'powershell/golden/lync-assign.json')
        $case.Resource.ReportPath = 'reports'
        { $case.Resource.Set() } | Should -Throw -ExpectedMessage "'reports' in ReportPath is not an absolute path*"
        $global:SameCATestAssigned.Count | Should -Be 0
    }
    It 'finds the chosen certificate in a folder of files' {
        Set-TestStore -Names 'wrong'
        $folder = Join-Path $work 'issued'
        $null = New-Item -ItemType Directory -Path $folder
        Copy-Item (Join-Path $work 'newer.pfx') $folder
        Copy-Item $ca $folder
        $resource = New-Resource @{
            Reference = Join-Path $work 'right.cer'
            Subject = 'store:CurrentUser/SameCATest'
            Authority = $ca
            Candidate = $folder
            CandidateCredential = $true
        }
        $resource.Set()
        $resource.Test() | Should -BeTrue
    }
    It 'refuses a file with several private keys, because importing it would keep them all' {
        Set-TestStore -Names 'wrong'
        Write-Bytes 'two.pfx' (Export-Pfx 'newer', 'right' -AllKeys)
        $resource = New-Resource @{
            Reference = Join-Path $work 'right.cer'
            Subject = 'store:CurrentUser/SameCATest'
            Authority = $ca
            Candidate = Join-Path $work 'two.pfx'
            CandidateCredential = $true
        }
        { $resource.Set() } | Should -Throw -ExpectedMessage '*two.pfx*private keys*'
        @(Get-TestStore).Count | Should -Be 1
    }
    It 'imports nothing in the place of a thumbprint that names another certificate' {
        Set-TestStore -Names 'wrong'
        $resource = New-Resource @{
            Reference = Join-Path $work 'right.cer'
            Subject = $wrong
            Authority = $ca
            Candidate = Join-Path $work 'newer.pfx'
            CandidateCredential = $true
        }
        { $resource.Set() } | Should -Throw -ExpectedMessage '*newer.pfx*'
        @(Get-TestStore).Count | Should -Be 1
    }
    It 'names the services that were started before the assignment' {
        $case = Read-Golden (Join-Path (Split-Path $PSScriptRoot) 'powershell/golden/lync-assign.json')
        function global:Get-CimInstance {
            [CmdletBinding()]
            param($ClassName)
            foreach ($name in 'W3SVC', 'Spooler') { if ($ClassName) { [pscustomobject]@{ Name = $name; ProcessId = $PID } } }
        }
        try {
            & { $case.Resource.Set() } 3>&1 | Out-String | Should -BeLike '*restart these services*W3SVC*'
            $case.Resource.Get().RestartRequired | Should -Be 'W3SVC'
        }
        finally { Remove-Item function:Get-CimInstance }
    }
}

Describe 'The state' {
    It 'shows thumbprints, authorities and the report, and no credential' {
        Set-TestStore -Names 'right', 'wrong'
        $state = (New-Resource @{ Reference = $right; Subject = $right, $wrong; Authority = $ca; CandidateCredential = $true; SubjectCredential = $true }).Get()
        $state.CurrentThumbprint | Should -Be (Get-TestCertificate 'right').Thumbprint, (Get-TestCertificate 'wrong').Thumbprint
        $state.CurrentAuthority -join ';' | Should -BeLike '*CN=Contoso Issuing CA*'
        (Read-Json $state.Report).requirement | Should -Be 'chat'
        $state.CandidateCredential | Should -BeNullOrEmpty
        $state.SubjectCredential | Should -BeNullOrEmpty
        $state.Report | Should -Not -Match (Get-TestSecret)
    }
    It 'gives each reason its code and words' {
        Set-TestStore -Names 'right', 'wrong'
        $state = (New-Resource @{ Reference = $right; Subject = $wrong; Authority = $ca }).Get()
        $reason = @($state.Reasons | Where-Object { $_.Code -eq 'SameCACertificate:SameCACertificate:issuer-differs' })
        $reason.Count | Should -Be 1
        $reason[0].Phrase | Should -BeLike "${wrong}: *"
    }
    It 'leaves the report of Test in a folder, under the names of host and requirement' {
        Set-TestStore -Names 'right'
        $reports = Join-Path $TestDrive 'reports'
        $null = New-Item -ItemType Directory -Path $reports -Force
        $resource = New-Resource @{ Name = 'a/b'; Reference = $right; Subject = $right; ReportPath = $reports }
        $null = $resource.Test()
        $null = $resource.Test()
        $files = @(Get-ChildItem -LiteralPath $reports -Force)
        $files.Name | Should -Be "$hostName.a%2Fb.json"
        (Read-Json (Get-Content -Raw -LiteralPath $files[0].FullName)).requirement | Should -Be 'a/b'
    }
    It 'is no worse where the report cannot be written' {
        Set-TestStore -Names 'right'
        $resource = New-Resource @{ Reference = $right; Subject = $right; ReportPath = Join-Path $TestDrive 'nowhere' }
        & { $resource.Test() } 3>$null | Should -BeTrue
    }
}

Describe 'Trouble' {
    BeforeAll {
        Set-TestStore -Names 'right'
        Disable-Lync
    }
    It 'is thrown when <Case>' -ForEach @(
        @{ Case = 'the store source is malformed'; Properties = @{ Subject = 'store:My' }; Message = '*is not a source*' }
        @{ Case = 'the scheme is unknown'; Properties = @{ Subject = 'ldap:x' }; Message = '*is not a source*' }
        @{ Case = 'a path is relative'; Properties = @{ Subject = 'a.pem' }; Message = "'a.pem' in Subject is not an absolute path*" }
        @{
            Case = 'a store is not there'
            Properties = @{ Subject = 'store:CurrentUser/NoSuchStore' }
            Message = 'failed to open certificate store CurrentUser\NoSuchStore*'
        }
        @{
            Case = 'Lync is not there'
            Properties = @{ Subject = 'lync:Default' }
            Message = 'Get-CsCertificate was not found*lync:Default needs Windows PowerShell*'
        }
        @{
            Case = 'a file of the reference has a relative path'
            Properties = @{ ReferencePath = 'a.json' }
            Message = "'a.json' in ReferencePath is not an absolute path*"
        }
        @{ Case = 'a candidate has a relative path'; Properties = @{ Candidate = 'a.pfx' }; Message = "'a.pfx' in Candidate is not an absolute path*" }
        @{ Case = 'the CA has a relative path'; Properties = @{ Authority = 'ca.cer' }; Message = "'ca.cer' in Authority is not an absolute path*" }
        @{ Case = 'the binary has a relative path'; Properties = @{ BinaryPath = 'same-ca' }; Message = "'same-ca' in BinaryPath is not an absolute path*" }
        @{
            Case = 'the same subject is there twice'
            Properties = @{ Subject = 'store:CurrentUser/SameCATest', 'store:CurrentUser/SameCATest' }
            Message = 'same-ca refused the request: *(bad-request)'
        }
        @{ Case = 'there is no reference'; Properties = @{ Reference = $null }; Message = "'chat' has no reference*" }
        @{
            Case = 'the reference is a whole store of several'
            Properties = @{ Reference = 'store:CurrentUser/SameCATest' }
            Message = '*must name one certificate*'
            Store = 'right', 'wrong'
        }
        @{ Case = 'the binary is missing'; Properties = @{ BinaryPath = '/nowhere/same-ca' }; Message = "*'/nowhere/same-ca'*" }
    ) {
        if ($Store) { Set-TestStore -Names $Store } else { Set-TestStore -Names 'right' }
        $all = @{ Reference = $right; Subject = $right }
        foreach ($name in $Properties.Keys) { $all[$name] = $Properties[$name] }
        $resource = New-Resource $all
        { $resource.Test() } | Should -Throw -ExpectedMessage $Message
    }
    It 'is thrown when the binary <Case>' -ForEach @(
        @{ Case = 'crashes'; Answer = ''; Complaint = 'boom'; ExitCode = 101; Message = 'same-ca gave no report (exit code 101): boom; is *' }
        @{ Case = 'prints nothing'; Answer = ''; Complaint = ''; ExitCode = 0; Message = 'same-ca gave no report (exit code 0): it wrote 0 characters*' }
        @{ Case = 'prints garbage'; Answer = 'hello'; Complaint = ''; ExitCode = 0; Message = 'same-ca gave no report (exit code 0): it wrote 5 characters*' }
        @{ Case = 'prints other JSON'; Answer = '{"a":1}'; Complaint = ''; ExitCode = 0; Message = '*names no protocol*' }
        @{
            Case = 'speaks another protocol'
            Answer = '{"protocol":2}'
            Complaint = ''
            ExitCode = 0
            Message = '*speaks protocol 2; this module speaks protocol 1: *'
        }
        @{ Case = 'does not say its version'; Answer = '{"protocol":1}'; Complaint = ''; ExitCode = 0; Message = '*does not say its version*' }
        @{
            Case = 'says a version that is none'
            Answer = '{"protocol":1,"tool":{"version":"new"}}'
            Complaint = ''
            ExitCode = 0
            Message = '*does not say its version*'
        }
        @{
            Case = 'prints half a report'
            Answer = '{"protocol":1,"tool":{"version":"0.1.0"}}'
            Complaint = ''
            ExitCode = 0
            Message = "*wrote JSON without 'status'*"
        }
        @{
            Case = 'is too old'
            Answer = '{"protocol":1,"tool":{"version":"0.0.9"}}'
            Complaint = ''
            ExitCode = 0
            Message = 'same-ca 0.0.9 at * is too old: this module needs 0.1.0 or later (install it*'
        }
        @{
            Case = 'refuses'
            Answer = '{"protocol":1,"error":{"code":"bad-request","message":"no"}}'
            Complaint = ''
            ExitCode = 2
            Message = 'same-ca refused the request: no (bad-request)'
        }
    ) {
        $resource = New-Resource @{ Reference = $right; Subject = $right; BinaryPath = New-FakeBinary $Answer $Complaint $ExitCode }
        { $resource.Test() } | Should -Throw -ExpectedMessage $Message
    }
    It 'is told with what to do where PowerShell has no Lync' {
        $resource = New-Resource @{ Reference = $right; Subject = 'lync:Default' }
        $words = '*install the Lync Server Management Shell*'
        if ($PSVersionTable.PSVersion.Major -gt 5) { $words = '*requireAdapter Microsoft.Adapter/WindowsPowerShell*' }
        { $resource.Test() } | Should -Throw -ExpectedMessage $words
    }
    It 'is told with what to do where Get-CsCertificate fails' {
        function global:Get-CsCertificate {
            [CmdletBinding()]
            param($Type)
            throw "no rights for $Type"
        }
        $resource = New-Resource @{ Reference = $right; Subject = 'lync:Default' }
        try { { $resource.Test() } | Should -Throw -ExpectedMessage 'Get-CsCertificate failed for lync:Default: no rights for Default; *PsDscRunAsCredential*' }
        finally { Disable-Lync }
    }
    It 'is thrown for a private key that may not be opened, and is a finding for one that is gone' {
        Set-TestStore -Names 'right'
        $denied = { @{ present = $false; denied = 'Access is denied.'; provider = $null } }
        $gone = { @{ present = $false; denied = $null; provider = $null } }
        $replace = { Set-Item -Path function:script:Test-SameCAPrivateKey -Value $args[0] }
        try {
            & $runner $replace $denied
            $words = '*may not be opened*Access is denied.*PsDscRunAsCredential*'
            { (New-Resource @{ Reference = $ca; Subject = $right }).Test() } | Should -Throw -ExpectedMessage $words
            & $runner $replace $gone
            $state = (New-Resource @{ Reference = Join-Path $work 'right.cer'; Subject = $right; Authority = $ca }).Get()
            $state.Reasons.Code | Should -Contain 'SameCACertificate:SameCACertificate:private-key-missing'
        }
        finally { & $runner $replace $openKey }
    }
    It 'tells no password' {
        $told = ''
        $resource = New-Resource @{
            Reference = $right
            Subject = Join-Path $work 'subject.pfx'
            SubjectCredential = $true
            Candidate = Join-Path $work 'ca.cer'
            CandidateCredential = $true
            BinaryPath = New-FakeBinary '' 'boom' 1
        }
        try { $resource.Set() } catch { $told = $_ | Out-String }
        $told | Should -Match 'boom'
        $told | Should -Not -Match (Get-TestSecret)
    }
    It 'tells no password in verbose lines, warnings or errors, whatever goes wrong' {
        Set-TestStore -Names 'wrong'
        $all = @{
            Reference = Join-Path $work 'right.cer'
            Subject = 'store:CurrentUser/SameCATest'
            Authority = $ca
            CandidateCredential = $true
            SubjectCredential = $true
        }
        Write-Bytes 'broken.pfx' ([byte[]](1..40))
        $told = foreach ($file in 'broken.pfx', 'nowhere.pfx', 'newer.pfx') {
            $all['Candidate'] = Join-Path $work $file
            $resource = New-Resource $all
            & { $VerbosePreference = 'Continue'; $DebugPreference = 'Continue'; try { $resource.Set() } catch { $_ | Format-List * -Force } } *>&1 | Out-String
        }
        $told -join '' | Should -Not -Match (Get-TestSecret)
    }
    It 'is a finding where a file cannot be read' {
        $state = (New-Resource @{ Reference = $right; Subject = Join-Path $work 'nowhere.cer' }).Get()
        $state.Status | Should -Be 'undetermined'
        $state.Reasons.Code | Should -Contain 'SameCACertificate:SameCACertificate:certificate-unreadable'
    }
}
