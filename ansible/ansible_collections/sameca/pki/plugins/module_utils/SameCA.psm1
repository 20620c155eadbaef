# Starts the same-ca binary and turns Windows' own places for certificates into protocol sources.
# Nothing here decides anything: the binary does. Windows PowerShell 5.1 syntax, ASCII only.
Set-StrictMode -Version 2.0

# The oldest same-ca that answers what is asked here.
$script:OldestBinary = '0.1.0'
# A check takes seconds; who waits longer than this waits for something that hangs.
$script:DefaultTimeout = 300
# No report comes near this; a program that writes more is not same-ca.
$script:LargestAnswer = 256MB
# How much of what a program says to people is repeated in an error.
$script:LongestComplaint = 2000
# How many certificates that were passed over are named, each with its reason.
$script:MostPassedOver = 10
# What to do where Lync's cmdlets will not serve.
$script:Elsewhere = 'run this in Windows PowerShell 5.1 (in DSC v3: requireAdapter Microsoft.Adapter/WindowsPowerShell)'
# Where Lync keeps the certificates that it assigns.
$script:LyncStore = @{ Location = 'LocalMachine'; Store = 'My' }
# Keeps when a use was assigned, to tell which services have not been started since.
$script:StateFolder = [System.IO.Path]::Combine([System.Environment]::GetFolderPath('CommonApplicationData'), 'same-ca')
# Services that read a use's certificate when they start: Lync's own are all named RTC...
$script:UsedBy = @{
    Default = @('RTC*')
    WebServicesInternal = @('W3SVC')
    WebServicesExternal = @('W3SVC')
    OAuthTokenIssuer = @('RTCSRV', 'W3SVC')
}
# Accounts whose names Windows translates, by the SID that it does not.
$script:WellKnown = @{
    'NETWORK SERVICE' = 'S-1-5-20'
    'NT AUTHORITY\NETWORK SERVICE' = 'S-1-5-20'
    'LOCAL SERVICE' = 'S-1-5-19'
    'NT AUTHORITY\LOCAL SERVICE' = 'S-1-5-19'
    'SYSTEM' = 'S-1-5-18'
    'NT AUTHORITY\SYSTEM' = 'S-1-5-18'
}

# What the user wrote, by what the protocol calls it; set once by whoever loads this.
$script:Caller = 'Dsc'
$script:Terms = @{
    Dsc = @{
        requirement = 'Name'
        host = 'the host name'
        node = 'Node'
        collected_at = 'the time'
        reference = 'Reference'
        reference_document = 'ReferencePath'
        pinned_keys = 'PinnedKey'
        subjects = 'Subject'
        authorities = 'Authority'
        intermediates = 'Authority'
        candidates = 'Candidate'
        names = 'DnsName'
        profile = 'Profile'
        match = 'Match'
        level = 'Level'
        proof = 'Proof'
        warn_before_expiry = 'WarnBeforeExpiry'
        renew_before = 'RenewBefore'
        policy = 'the policy'
        password = 'SubjectCredential'
        candidate_password = 'CandidateCredential'
        binary = 'BinaryPath'
        timeout = 'Timeout'
        key_readers = 'KeyReaders'
        report_path = 'ReportPath'
        run_as = 'PsDscRunAsCredential'
        who = 'this module'
        how = 'install it there, or say in BinaryPath where a newer one is'
    }
    Ansible = @{
        requirement = 'requirement'
        host = 'host'
        node = 'node'
        collected_at = 'collected_at'
        reference = 'reference'
        reference_document = 'reference_document'
        pinned_keys = 'pinned_keys'
        subjects = 'subjects'
        authorities = 'authorities'
        intermediates = 'intermediates'
        candidates = 'candidates'
        names = 'policy.names'
        profile = 'policy.profile'
        match = 'policy.match'
        level = 'policy.level'
        proof = 'policy.proof'
        warn_before_expiry = 'policy.warn_before_expiry'
        renew_before = 'policy.renew_before'
        policy = 'policy'
        password = 'privatekey_passphrase'
        candidate_password = 'candidate_passphrase'
        binary = 'binary_path'
        timeout = 'timeout'
        key_readers = 'key_readers'
        report_path = 'report_path'
        run_as = 'become'
        distrust = 'policy.distrust'
        who = 'this collection'
        how = 'the role sameca.pki.install installs it'
    }
}
# What the hints of same-ca say, as patterns, and what the caller's users say for it. The first ones are whole phrases.
$script:Wordings = @{
    Dsc = @(
        @('see passed_over for what each one lacks', 'the other reasons say what each one lacks'),
        @('\bpassed_over\b', 'Report'),
        @('\brun enforce\b', 'run Set'),
        @('\brun of enforce\b', 'run of Set'),
        @('\bgive candidates\b', 'give Candidate'),
        @('\bgive reference, or reference_document\b', 'give Reference, ReferencePath or PinnedKey'),
        @(', pin the CA that is meant, or set references to any\b', ', or pin the CA that is meant with PinnedKey'),
        @('\bwith authority instead of source\b', 'with PinnedKey in the place of Reference'),
        @('\b(pin .+) with authority\b', '$1 with PinnedKey'),
        @('\bauthorities or intermediates\b', 'Authority'),
        @('\b(authorities|intermediates)\b', 'Authority'),
        @('\bgive names\b', 'give DnsName'),
        @('\bset match to\b', 'set Match to'),
        @('\bset level to\b', 'set Level to'),
        @('\bset proof to\b', 'set Proof to'),
        @('\b(with |in )?(--password-file|password_file|password_env)( or (password_file|password_env|password))?\b', 'in {password}')
    )
    Ansible = @(
        @('see passed_over for what each one lacks', 'the rest of this message says what each one lacks'),
        @('\bpassed_over\b', 'report.subjects[].passed_over'),
        @('\brun enforce\b', 'run sameca.pki.win_same_ca'),
        @('\brun of enforce\b', 'run of sameca.pki.win_same_ca'),
        @('\bwith authority instead of source\b', 'with pinned_keys in the place of reference'),
        @('\b(pin .+) with authority\b', '$1 with pinned_keys'),
        @('\bgive names\b', 'give policy.names'),
        @('\bset references to\b', 'set policy.references to'),
        @('\bset match to\b', 'set policy.match to'),
        @('\bset level to\b', 'set policy.level to'),
        @('\bset proof to\b', 'set policy.proof to'),
        @('\b(with |in )?(--password-file|password_file|password_env)( or (password_file|password_env|password))?\b', 'in {password}')
    )
}

# Options of a subject, a member or a source, by which words are told from a path.
$script:Words = @(
    'name', 'use', 'names', 'effective_from', 'source', 'any_of', 'candidates', 'install', 'authority', 'key_sha256', 'spec', 'path', 'content', 'pem',
    'pkcs12', 'tls', 'privatekey_passphrase', 'password', 'password_file', 'password_env'
) -join '|'

# Everything that a task, a subject or a member, a source and a place may be asked by its name. What stands behind any other word may be
# a secret behind a misspelt or misplaced option, and Ansible returns what it does not know.
$script:Known = @{
    task = @(
        'requirement', 'host', 'node', 'collected_at', 'reference', 'reference_document', 'pinned_keys', 'subjects', 'subject', 'candidates',
        'privatekey_passphrase', 'password', 'candidate_passphrase', 'authorities', 'intermediates', 'policy', 'key_readers', 'binary_path', 'timeout',
        'key_exportable', 'replace_staged', 'set_oauth_token_issuer', 'sources', 'valid_at'
    )
    named = @('name', 'use', 'names', 'effective_from', 'source', 'any_of', 'candidates', 'install', 'authority', 'key_sha256')
    # A key stands among the sources of distrust.
    source = @('spec', 'path', 'content', 'pem', 'pkcs12', 'tls', 'privatekey_passphrase', 'password', 'password_file', 'password_env', 'key_sha256')
    tls = @('host', 'port', 'server_name', 'starttls', 'timeout')
    install = @(
        'path', 'certificate', 'privatekey_path', 'private_key', 'chain_path', 'chain', 'pkcs12_path', 'privatekey_passphrase', 'password', 'password_file',
        'password_env', 'encryption', 'backup', 'replace_unreadable'
    )
    policy = @(
        'profile', 'match', 'level', 'proof', 'references', 'valid_at', 'warn_before_expiry', 'renew_before', 'names', 'extended_key_usage', 'distrust',
        'severity'
    )
}
# The secrets of one task, by what stands for them in its parameters. Ansible returns those, and where it refuses a task before it has
# looked into all of its lists, it does not know yet which of them are secret.
$script:Withheld = @{}

# What was read of this machine for the operation that is under way: its stores, by location and name; its own name; and what is known
# of private keys that did not open, by thumbprint.
$script:Stores = @{}
$script:OwnName = $null
$script:KeyTrouble = @{}

function Set-SameCACaller {
    <#
    .SYNOPSIS
        Sets the wording of messages: that of the DSC resource, or that of the Ansible modules.
    .PARAMETER Name
        Dsc or Ansible.
    .EXAMPLE
        Set-SameCACaller -Name Ansible
    #>
    [CmdletBinding()]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'changes words alone')]
    param([Parameter(Mandatory = $true)] [ValidateSet('Dsc', 'Ansible')] [string] $Name)
    $script:Caller = $Name
}

# The user's own word for a part of the protocol.
function Get-SameCATerm {
    param([string] $Part)
    $known = $script:Terms[$script:Caller]
    if ($known.ContainsKey($Part)) { return $known[$Part] }
    return $Part
}

# Text of same-ca's hints in the words of whoever reads it.
function ConvertTo-SameCAWording {
    param([string] $Text, [string] $Locked = 'password')
    foreach ($pair in $script:Wordings[$script:Caller]) { $Text = $Text -replace $pair[0], $pair[1] }
    return $Text.Replace('{password}', (Get-SameCATerm $Locked))
}

function Stop-SameCA {
    <#
    .SYNOPSIS
        Throws an error that scripts can identify by its ID, category and target object.
    .PARAMETER Id
        The error ID, without the prefix "SameCA.".
    .PARAMETER Category
        The error category.
    .PARAMETER Target
        The target object of the error.
    .PARAMETER Message
        The error message.
    .PARAMETER Cause
        The inner exception.
    .PARAMETER Fault
        The error object that same-ca returned.
    .PARAMETER Version
        The version of same-ca that was found and is too old.
    .EXAMPLE
        Stop-SameCA -Id BadOption -Category InvalidArgument -Target Reference -Message 'no reference is given'
    #>
    [CmdletBinding()]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'only throws')]
    param(
        [string] $Id,
        [System.Management.Automation.ErrorCategory] $Category,
        $Target,
        [string] $Message,
        [System.Exception] $Cause,
        $Fault,
        [string] $Version
    )
    $exception = New-Object -TypeName System.InvalidOperationException -ArgumentList $Message, $Cause
    if ($null -ne $Fault) { $exception.Data['SameCA.Error'] = $Fault }
    if ($Version) { $exception.Data['SameCA.Version'] = $Version }
    throw (New-Object -TypeName System.Management.Automation.ErrorRecord -ArgumentList $exception, "SameCA.$Id", $Category, $Target)
}

function Invoke-SameCA {
    <#
    .SYNOPSIS
        Sends one protocol request to same-ca and returns its report.
    .DESCRIPTION
        The request may hold a password, so it goes through standard input only. Throws if same-ca cannot be started, is too old, refuses
        the request, exceeds the time limit, or answers with anything but a protocol 1 report.
    .PARAMETER Command
        The command of same-ca: check, enforce, enforce --what-if, or inspect, whose answer is not a report.
    .PARAMETER Request
        The request that New-SameCARequest returned.
    .PARAMETER BinaryPath
        Path of same-ca.exe. The default is the one beside this module, then the one in %ProgramFiles%\same-ca.
    .PARAMETER Timeout
        Time limit in seconds, after which same-ca and its child processes are stopped. The default is 300.
    .OUTPUTS
        An object with Report (the report) and Json (its text, unchanged).
    .EXAMPLE
        (Invoke-SameCA -Command check -Request $request).Report.status
    #>
    [CmdletBinding()]
    [OutputType([psobject])]
    param(
        [Parameter(Mandatory = $true)] [ValidateSet('check', 'enforce', 'enforce --what-if', 'inspect')] [string] $Command,
        [Parameter(Mandatory = $true)] [hashtable] $Request,
        [string] $BinaryPath,
        [int] $Timeout
    )
    if ([string]::IsNullOrEmpty($BinaryPath)) { $BinaryPath = Find-SameCABinary }
    else { Assert-SameCAAbsolutePath -Path $BinaryPath -Part 'binary' }
    if ($Timeout -le 0) { $Timeout = $script:DefaultTimeout }
    $bytes = (New-Object System.Text.UTF8Encoding $false).GetBytes((ConvertTo-Json -InputObject $Request -Depth 32 -Compress))
    $ran = Start-SameCAProgram -Path $BinaryPath -Arguments $Command -Bytes $bytes -Timeout $Timeout
    $answer = ConvertFrom-SameCAAnswer -Text $ran['Out']
    $isObject = $answer -is [System.Management.Automation.PSCustomObject]
    $refused = $isObject -and (Test-SameCAProperty $answer 'error')
    $speaks = $isObject -and (Test-SameCAProperty $answer 'protocol') -and $answer.protocol -eq 1
    # A version that is too old is the likely cause of all that follows, and says more than its symptom.
    if ($refused -or -not $speaks -or $ran['ExitCode'] -ne 0) {
        $version = Get-SameCAVersion -Answer $answer
        if (-not $version) { $version = Read-SameCAVersion -Path $BinaryPath }
        if ($version) { Assert-SameCAVersion -Version $version -BinaryPath $BinaryPath }
    }
    if ($refused) { Stop-SameCARefused -Fault $answer.error -Request $Request -BinaryPath $BinaryPath }
    if (-not $isObject -or $ran['ExitCode'] -ne 0) {
        $told = $ran['Complaint']
        if (-not $told) { $told = "it wrote $($ran['Out'].Length) characters that are no report" }
        $words = "same-ca gave no report ($(Get-SameCAEnd $ran['ExitCode'])): $told; is '$BinaryPath' a whole same-ca? Install it anew if '--version' fails too"
        Stop-SameCA -Id 'NoReport' -Category InvalidResult -Target $BinaryPath -Message $words
    }
    if ($Command -eq 'inspect') { Assert-SameCAInspection -Answer $answer -BinaryPath $BinaryPath }
    else { Assert-SameCAReport -Answer $answer -BinaryPath $BinaryPath }
    return [pscustomobject]@{ Report = $answer; Json = $ran['Out'].Trim() }
}

# How a program ended, from its exit code.
function Get-SameCAEnd {
    param([int] $ExitCode)
    if ((Test-SameCAPlatform) -and $ExitCode -lt 0) { return ('ended by the system, exit code 0x{0:X8}' -f $ExitCode) }
    if (-not (Test-SameCAPlatform) -and $ExitCode -gt 128 -and $ExitCode -lt 193) { return "ended by signal $($ExitCode - 128)" }
    return "exit code $ExitCode"
}

# Runs the program to its end, or ends it: both outputs are read while the request is written, because a full pipe on either side would
# hang the other. Each wait is short, so that Ctrl+C is heard.
function Start-SameCAProgram {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'only starts')]
    [OutputType([hashtable])]
    param([string] $Path, [string] $Arguments, [byte[]] $Bytes, [int] $Timeout)
    $start = New-Object System.Diagnostics.ProcessStartInfo
    $start.FileName = $Path
    $start.Arguments = $Arguments
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    try { $process = [System.Diagnostics.Process]::Start($start) }
    catch {
        $why = $_.Exception.GetBaseException()
        $words = "failed to start same-ca from '$Path': $($why.Message); install it there, or say in $(Get-SameCATerm 'binary') where it is"
        Stop-SameCA -Id 'BinaryNotStarted' -Category ResourceUnavailable -Target $Path -Message $words -Cause $why
    }
    try {
        $deadline = [System.DateTime]::UtcNow.AddSeconds($Timeout)
        $quiet = [System.TimeSpan]::FromMilliseconds(500)
        $streams = @($process.StandardOutput.BaseStream, $process.StandardError.BaseStream)
        $kept = @((New-Object System.IO.MemoryStream), (New-Object System.IO.MemoryStream))
        $buffers = @((New-Object byte[] 65536), (New-Object byte[] 65536))
        $tasks = @(
            $streams[0].ReadAsync($buffers[0], 0, 65536)
            $streams[1].ReadAsync($buffers[1], 0, 65536)
            $process.StandardInput.BaseStream.WriteAsync($Bytes, 0, $Bytes.Length)
        )
        $ended = $null
        while ($true) {
            $open = @($tasks | Where-Object { $null -ne $_ })
            if ($open.Count -gt 0) { $null = [System.Threading.Tasks.Task]::WaitAny([System.Threading.Tasks.Task[]]$open, 100) }
            else { $null = $process.WaitForExit(100) }
            if ($null -ne $tasks[2] -and $tasks[2].IsCompleted) {
                # A program that stops reading says why in its answer.
                if ($tasks[2].IsFaulted) { $null = $tasks[2].Exception }
                $tasks[2] = $null
                try { $process.StandardInput.Dispose() } catch { Write-Verbose 'same-ca stopped reading before the whole request was written' }
            }
            foreach ($index in 0, 1) {
                if ($null -eq $tasks[$index] -or -not $tasks[$index].IsCompleted) { continue }
                $count = 0
                if (-not $tasks[$index].IsFaulted) { $count = $tasks[$index].Result }
                $tasks[$index] = $null
                if ($count -eq 0) { continue }
                # Of a complaint the beginning is enough.
                if ($index -eq 0 -or $kept[1].Length -lt 65536) { $kept[$index].Write($buffers[$index], 0, $count) }
                if ($null -ne $ended) { $ended = [System.DateTime]::UtcNow }
                $tasks[$index] = $streams[$index].ReadAsync($buffers[$index], 0, 65536)
            }
            if ($process.HasExited) {
                if ($null -eq $tasks[0] -and $null -eq $tasks[1]) { break }
                if ($null -eq $ended) { $ended = [System.DateTime]::UtcNow }
                # Something that it started keeps the output open: what the program itself wrote is here.
                elseif ([System.DateTime]::UtcNow - $ended -gt $quiet) { break }
            }
            if ($kept[0].Length -gt $script:LargestAnswer) {
                $most = [int] ($script:LargestAnswer / 1048576)
                $words = "same-ca gave no report: '$Path' wrote more than $most MiB, and was ended; is it same-ca?"
                Stop-SameCA -Id 'NoReport' -Category InvalidResult -Target $Path -Message $words
            }
            if ([System.DateTime]::UtcNow -gt $deadline) {
                $words = "same-ca gave no report: '$Path' was ended after $Timeout seconds; give a longer $(Get-SameCATerm 'timeout') if it needs one"
                Stop-SameCA -Id 'TimedOut' -Category OperationTimeout -Target $Path -Message $words
            }
        }
        $utf8 = New-Object System.Text.UTF8Encoding $false
        # In one line, as a message is.
        $complaint = $utf8.GetString($kept[1].ToArray()).Trim() -replace '\s*[\r\n]+\s*', ' / '
        if ($complaint.Length -gt $script:LongestComplaint) { $complaint = $complaint.Substring(0, $script:LongestComplaint) + '...' }
        return @{ ExitCode = $process.ExitCode; Out = $utf8.GetString($kept[0].ToArray()).TrimStart([char]0xFEFF); Complaint = $complaint }
    }
    finally {
        Stop-SameCAProgram -Process $process
        $process.Dispose()
    }
}

# Ends a program that still runs, and what it started.
function Stop-SameCAProgram {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'ends what was started here')]
    param([System.Diagnostics.Process] $Process)
    if ($Process.HasExited) { return }
    try {
        if ($null -ne [System.Diagnostics.Process].GetMethod('Kill', [type[]]@([bool]))) { $Process.Kill($true) }
        elseif (Test-SameCAPlatform) { $null = & "$env:SystemRoot\System32\taskkill.exe" /PID $Process.Id /T /F 2>&1 }
        if (-not $Process.WaitForExit(2000)) { $Process.Kill() }
    }
    catch { Write-Verbose "same-ca could not be ended: $($_.Exception.Message)" }
}

# Says that same-ca refused the request: by the name that the caller has for the place, and with what was given there.
function Stop-SameCARefused {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'only throws')]
    param($Fault, [hashtable] $Request, [string] $BinaryPath)
    foreach ($part in 'code', 'message') {
        if (-not (Test-SameCAProperty $Fault $part) -or $Fault.$part -isnot [string]) {
            $words = "same-ca gave no report: '$BinaryPath' wrote an error without $part; is it same-ca?"
            Stop-SameCA -Id 'NoReport' -Category InvalidResult -Target $BinaryPath -Message $words
        }
    }
    $place = ''
    $target = $BinaryPath
    if ((Test-SameCAProperty $Fault 'pointer') -and $Fault.pointer -is [string]) {
        $named = Resolve-SameCAPointer -Pointer $Fault.pointer -Request $Request
        $place = " $($named['name'])"
        $target = $named['name']
        if ($null -ne $named['value']) { $place += " '$($named['value'])'" }
    }
    $answered = @{}
    foreach ($property in $Fault.PSObject.Properties) { $answered[$property.Name] = $property.Value }
    $words = "same-ca refused the request:${place}: $($Fault.message) ($($Fault.code))" -replace 'request::', 'request:'
    Stop-SameCA -Id 'Refused' -Category InvalidArgument -Target $target -Message $words -Fault $answered
}

# The caller's name for a place of the request, and what was given there, unless it is a secret or no single word.
function Resolve-SameCAPointer {
    [OutputType([hashtable])]
    param([string] $Pointer, [hashtable] $Request)
    $steps = @($Pointer -split '/' | Select-Object -Skip 1 | ForEach-Object { $_.Replace('~1', '/').Replace('~0', '~') })
    if ($steps.Count -eq 0) { return @{ name = 'as a whole'; value = $null } }
    $secret = @($steps | Where-Object { 'password', 'pkcs12', 'pem', 'der', 'chain' -contains $_ }).Count -gt 0
    $value = $Request
    foreach ($step in $steps) {
        if ($value -is [System.Collections.IDictionary]) { if (@($value.Keys) -contains $step) { $value = $value[$step] } else { $value = $null } }
        elseif ($value -is [System.Collections.IList] -and $step -match '^\d+$' -and [int]$step -lt $value.Count) { $value = $value[[int]$step] }
        else { $value = $null }
        if ($null -eq $value) { break }
    }
    $name = Get-SameCATerm $steps[0]
    $named = $null
    if ($steps.Count -gt 1 -and $steps[1] -match '^\d+$' -and 'subjects', 'reference' -contains $steps[0]) {
        $entries = @($Request[$steps[0]])
        if ([int]$steps[1] -lt $entries.Count -and $entries[[int]$steps[1]] -is [hashtable]) { $named = $entries[[int]$steps[1]] }
    }
    switch ($steps[0]) {
        'policy' { if ($steps.Count -gt 1) { $name = Get-SameCATerm $steps[1]; if ($name -ceq $steps[1]) { $name = "$(Get-SameCATerm 'policy').$name" } } }
        'reference' {
            if ($null -ne $named -and $named.ContainsKey('key_sha256')) { $name = Get-SameCATerm 'pinned_keys' }
            elseif ($steps -contains 'password') { $name = Get-SameCATerm 'password' }
        }
        'subjects' {
            if ($steps -contains 'names') { $name = Get-SameCATerm 'names' }
            elseif ($steps -contains 'password') { $name = Get-SameCATerm 'password' }
        }
        'candidates' { if ($steps -contains 'password') { $name = Get-SameCATerm 'candidate_password' } }
    }
    if ($secret -or ($value -isnot [string] -and $value -isnot [int] -and $value -isnot [bool])) {
        $value = $null
        if ($null -ne $named -and -not $secret) { $value = $named['name'] }
    }
    return @{ name = $name; value = $value }
}

# The version that an answer names, or nothing.
function Get-SameCAVersion {
    [OutputType([string])]
    param($Answer)
    if (-not (Test-SameCAProperty $Answer 'tool') -or -not (Test-SameCAProperty $Answer.tool 'version')) { return '' }
    return [string]$Answer.tool.version
}

# The version that the program itself says, or nothing.
function Read-SameCAVersion {
    [OutputType([string])]
    param([string] $Path)
    try { $ran = Start-SameCAProgram -Path $Path -Arguments '--version' -Bytes (New-Object byte[] 0) -Timeout 10 }
    catch { return '' }
    if ($ran['Out'] -match '^same-ca (\d\S*)\s*$') { return $Matches[1] }
    return ''
}

function Assert-SameCAVersion {
    param([string] $Version, [string] $BinaryPath)
    $known = ($Version -replace '[-+].*$', '') -as [version]
    if ($null -eq $known) {
        $words = "same-ca gave no report: '$BinaryPath' does not say its version; is it same-ca?"
        Stop-SameCA -Id 'NoReport' -Category InvalidResult -Target $BinaryPath -Message $words
    }
    if ($known -lt [version]$script:OldestBinary) {
        $words = "same-ca $Version at $BinaryPath is too old: $(Get-SameCATerm 'who') needs $($script:OldestBinary) or later ($(Get-SameCATerm 'how'))"
        Stop-SameCA -Id 'BinaryTooOld' -Category NotInstalled -Target $BinaryPath -Message $words -Version $Version
    }
}

# What was answered is a report of a same-ca that is new enough; anything may stand where it should.
# Throws unless an answer speaks the protocol of this module, and is of a version that has all of it.
function Assert-SameCAProtocol {
    param([psobject] $Answer, [string] $BinaryPath)
    if (-not (Test-SameCAProperty $Answer 'protocol')) {
        $words = "same-ca gave no report: '$BinaryPath' wrote JSON that names no protocol; is it same-ca?"
        Stop-SameCA -Id 'NoReport' -Category InvalidResult -Target $BinaryPath -Message $words
    }
    if ($Answer.protocol -ne 1) {
        $words = "same-ca at '$BinaryPath' speaks protocol $($Answer.protocol); this module speaks protocol 1: install the two of one version"
        Stop-SameCA -Id 'OtherProtocol' -Category NotInstalled -Target $BinaryPath -Message $words
    }
    Assert-SameCAVersion -Version (Get-SameCAVersion -Answer $Answer) -BinaryPath $BinaryPath
}

function Assert-SameCAInspection {
    param([psobject] $Answer, [string] $BinaryPath)
    Assert-SameCAProtocol -Answer $Answer -BinaryPath $BinaryPath
    $inspected = (Test-SameCAProperty $Answer 'kind') -and $Answer.kind -eq 'inspection'
    if ($inspected -and (Test-SameCAProperty $Answer 'subjects') -and $Answer.subjects -is [array]) { return }
    $words = "same-ca gave no answer: '$BinaryPath' wrote JSON that is no inspection; is it same-ca?"
    Stop-SameCA -Id 'NoReport' -Category InvalidResult -Target $BinaryPath -Message $words
}

function Assert-SameCAReport {
    param([psobject] $Answer, [string] $BinaryPath)
    $wrong = { param($Words) Stop-SameCA -Id 'NoReport' -Category InvalidResult -Target $BinaryPath -Message "same-ca gave no report: '$BinaryPath' $Words" }
    Assert-SameCAProtocol -Answer $Answer -BinaryPath $BinaryPath
    foreach ($part in 'status', 'message', 'reference', 'subjects') {
        if (-not (Test-SameCAProperty $Answer $part)) { & $wrong "wrote JSON without '$part'; is it same-ca?" }
    }
    if (@('compliant', 'noncompliant', 'undetermined') -notcontains $Answer.status) { & $wrong "wrote a status that is none; is it same-ca?" }
    $lists = @(, @($Answer, 'subjects', 'subjects'))
    $lists += , @($Answer.reference, 'members', 'reference.members')
    $lists += , @($Answer.reference, 'findings', 'reference.findings')
    foreach ($list in $lists) {
        if (-not (Test-SameCAProperty $list[0] $list[1]) -or $list[0].($list[1]) -isnot [array]) {
            & $wrong "wrote JSON whose '$($list[2])' is no list; is it same-ca?"
        }
    }
    foreach ($entry in @($Answer.reference.members) + @($Answer.subjects)) {
        foreach ($part in 'name', 'certificate', 'issued_by', 'findings') {
            if (-not (Test-SameCAProperty $entry $part)) { & $wrong "wrote a subject or member without '$part'; is it same-ca?" }
        }
        if ($entry.findings -isnot [array]) { & $wrong "wrote findings that are no list; is it same-ca?" }
    }
}

# Beside the module, then in the folder that the installation uses. On Windows never by PATH: DSC runs as SYSTEM.
function Find-SameCABinary {
    $windows = Test-SameCAPlatform
    $places = @()
    # Loaded from a string, as Ansible does it, a module has no folder.
    if (-not [string]::IsNullOrEmpty($PSScriptRoot)) { $places += $PSScriptRoot }
    if ($windows) { $places += Join-Path $env:ProgramFiles 'same-ca' } else { $places += @($env:PATH -split ':') + '/usr/local/bin' }
    $name = 'same-ca'
    if ($windows) { $name = 'same-ca.exe' }
    foreach ($place in $places) {
        $candidate = [System.IO.Path]::Combine($place, $name)
        if (Test-Path -LiteralPath $candidate -PathType Leaf) { return $candidate }
    }
    $words = "$name was not found in $($places -join ', '); install it, or say in $(Get-SameCATerm 'binary') where it is"
    Stop-SameCA -Id 'BinaryMissing' -Category ObjectNotFound -Target $name -Message $words
}

# Whether this is Windows; 5.1 has no $IsWindows.
function Test-SameCAPlatform { return ([System.IO.Path]::DirectorySeparatorChar -eq '\') }

function ConvertFrom-SameCAAnswer {
    param([string] $Text)
    # PowerShell 7 turns ISO dates into local DateTime objects unless told not to; 5.1 has no such parameter.
    $options = @{}
    if ((Get-Command ConvertFrom-Json).Parameters.ContainsKey('DateKind')) { $options['DateKind'] = 'String' }
    try { return (ConvertFrom-Json -InputObject $Text @options) } catch { return $null }
}

function Test-SameCAProperty {
    <#
    .SYNOPSIS
        Returns whether an object has a property. In strict mode, reading an absent one throws.
    .PARAMETER InputObject
        The object.
    .PARAMETER Name
        The property's name.
    .EXAMPLE
        Test-SameCAProperty $action 'by'
    #>
    param($InputObject, [string] $Name)
    return ($null -ne $InputObject -and $null -ne $InputObject.PSObject.Properties[$Name])
}

function Assert-SameCAAbsolutePath {
    <#
    .SYNOPSIS
        Throws unless a path is absolute: a relative one would be looked for where DSC or Ansible happen to run, in System32.
    .PARAMETER Path
        The path.
    .PARAMETER Part
        The part of the request that the path belongs to, in the protocol's terms.
    .EXAMPLE
        Assert-SameCAAbsolutePath -Path \\files\reports
    #>
    param([Parameter(Mandatory = $true)] [string] $Path, [string] $Part)
    $absolute = '^/'
    if (Test-SameCAPlatform) { $absolute = '^([A-Za-z]:[\\/]|\\\\)' }
    if ($Path -match $absolute) { return }
    $where = ''
    if ($Part) { $where = " in $(Get-SameCATerm $Part)" }
    Stop-SameCA -Id 'RelativePath' -Category InvalidArgument -Target $Path -Message "'$Path'$where is not an absolute path; write the whole path"
}

# Text without what is copied along unseen: marks of direction and of byte order. Half a surrogate pair is no character.
function Repair-SameCAText {
    [OutputType([string])]
    param([string] $Text)
    $utf8 = New-Object System.Text.UTF8Encoding $false
    return $utf8.GetString($utf8.GetBytes(($Text -replace '[\u200E\u200F\uFEFF]', '')))
}

# A source as people write it, taken apart: kind is store, lync, tls or path.
function Read-SameCASource {
    [CmdletBinding()]
    [OutputType([hashtable])]
    param([AllowEmptyString()] [string] $Source, [string] $Part)
    $Source = Repair-SameCAText $Source
    if ([string]::IsNullOrEmpty($Source.Trim())) {
        $words = "$(Get-SameCATerm $Part) has an empty element; leave it out, or write a source"
        Stop-SameCA -Id 'BadSource' -Category InvalidArgument -Target $Part -Message $words
    }
    if ($Source -match '^store:(?<location>LocalMachine|CurrentUser)/(?<store>[^/]+)(?<more>/(?<thumbprint>.*))?$') {
        $parts = @{ kind = 'store'; source = $Source; location = $Matches['location']; store = $Matches['store']; thumbprint = '' }
        if ($Matches.ContainsKey('more')) { $parts['thumbprint'] = ConvertTo-SameCAThumbprint -Text $Matches['thumbprint'] -Source $Source }
        return $parts
    }
    if ($Source -match '^lync:(?<use>\w+)$') { return @{ kind = 'lync'; source = $Source; use = $Matches['use'] } }
    if ($Source -match '^tls://') { return @{ kind = 'tls'; source = $Source } }
    if ($Source -match '^[A-Za-z][A-Za-z0-9+.-]+:') {
        $forms = 'store:LocalMachine/My[/THUMBPRINT], store:CurrentUser/STORE[/THUMBPRINT], lync:USE, tls://host:port or an absolute path'
        $words = "'$Source' in $(Get-SameCATerm $Part) is not a source: expected $forms"
        Stop-SameCA -Id 'BadSource' -Category InvalidArgument -Target $Source -Message $words
    }
    Assert-SameCAAbsolutePath -Path $Source -Part $Part
    return @{ kind = 'path'; source = $Source }
}

# A thumbprint as Windows writes it, whatever blanks stand in it. A part of one would only ever be missing.
function ConvertTo-SameCAThumbprint {
    [OutputType([string])]
    param([AllowEmptyString()] [string] $Text, [string] $Source)
    $digits = ($Text -replace '[\s:]', '').ToUpperInvariant()
    if ($digits -match '^[0-9A-F]{40}$') { return $digits }
    $words = "'$Source' does not end in a thumbprint: expected 40 hexadecimal digits, found '$digits' of $($digits.Length)"
    Stop-SameCA -Id 'BadThumbprint' -Category InvalidArgument -Target $Source -Message $words
}

function New-SameCARequest {
    <#
    .SYNOPSIS
        Builds a request from sources in their short form: store:LOCATION/STORE[/THUMBPRINT], lync:USE, a path, tls://host:port.
    .DESCRIPTION
        A subject that is a whole store, or a use or thumbprint without a certificate, becomes any_of, so that the report says what is
        missing. A whole store must have a certificate for this host's name, unless the policy gives names. A certificate that is
        staged for a Lync use is a subject of its own. The certificates in the Windows Root and NTAuth stores are sent as authorities, those in the CA store
        as intermediates.
    .PARAMETER Requirement
        Name of the requirement in reports.
    .PARAMETER Reference
        The servers that set the rule: sources that name one certificate each, or the protocol's members as dictionaries.
    .PARAMETER ReferencePath
        Path of a reference document that same-ca reference wrote.
    .PARAMETER ReferenceDocument
        The reference document itself, instead of its path.
    .PARAMETER PinnedKey
        SHA-256 hashes of the public keys of allowed CAs.
    .PARAMETER Subject
        The certificates to check: sources, or the protocol's subjects as dictionaries.
    .PARAMETER HostName
        Name of this host in the report. The default is its FQDN.
    .PARAMETER Node
        Name of this host in the caller's inventory.
    .PARAMETER CollectedAt
        Time of the check in the report. The default is the current time.
    .PARAMETER Authority
        CA certificates that you trust.
    .PARAMETER Intermediate
        Untrusted intermediate CA certificates, to complete chains.
    .PARAMETER Candidate
        Certificates that may replace a subject that does not comply.
    .PARAMETER CandidateCredential
        Credential with the password of the candidates' PKCS#12 files.
    .PARAMETER SubjectCredential
        Credential with the password of the subjects' and references' PKCS#12 files.
    .PARAMETER Policy
        The policy, with the protocol's field names.
    .PARAMETER ReplaceStaged
        Also assigns uses that have a staged certificate.
    .PARAMETER SetOAuthTokenIssuer
        Also assigns lync:OAuthTokenIssuer, which is global. Do this on one server only.
    .OUTPUTS
        The request, for Invoke-SameCA.
    .EXAMPLE
        New-SameCARequest -Requirement persistent-chat -Reference lync:Default -Subject lync:WebServicesInternal
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'builds a value, changes nothing')]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSReviewUnusedParameter', '', Justification = 'all are read from PSBoundParameters')]
    param(
        [Parameter(Mandatory = $true)] [string] $Requirement,
        [object[]] $Reference,
        [string] $ReferencePath,
        $ReferenceDocument,
        [string[]] $PinnedKey,
        [Parameter(Mandatory = $true)] [object[]] $Subject,
        [string] $HostName,
        [string] $Node,
        [string] $CollectedAt,
        [object[]] $Authority,
        [object[]] $Intermediate,
        [object[]] $Candidate,
        [pscredential] $CandidateCredential,
        [pscredential] $SubjectCredential,
        [System.Collections.IDictionary] $Policy,
        [switch] $ReplaceStaged,
        [switch] $SetOAuthTokenIssuer
    )
    Clear-SameCAMemory
    return (New-SameCAQuestion -Given $PSBoundParameters)['Request']
}

# Forgets what was read of this machine for the operation before.
function Clear-SameCAMemory {
    $script:Stores = @{}
    $script:KeyTrouble = @{}
}

# What was given, or nothing.
function Get-SameCAGiven {
    param([System.Collections.IDictionary] $Given, [string] $Name)
    # A Dictionary of .NET's has no method Contains that PowerShell finds.
    if (@($Given.Keys) -contains $Name) { return $Given[$Name] }
    return $null
}

# The request, and for each subject that this module itself can carry out, the place where it is kept.
function New-SameCAQuestion {
    [OutputType([hashtable])]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'builds a value, changes nothing')]
    param([System.Collections.IDictionary] $Given, [hashtable] $Without)
    $requirement = Repair-SameCAText (Get-SameCAGiven $Given 'Requirement')
    $path = Get-SameCAGiven $Given 'ReferencePath'
    $document = Get-SameCAGiven $Given 'ReferenceDocument'
    $credential = Get-SameCACredential -Given $Given -Name 'SubjectCredential' -Part 'password'
    $secret = Get-SameCACredential -Given $Given -Name 'CandidateCredential' -Part 'candidate_password'
    $candidates = @(Get-SameCAGiven $Given 'Candidate' | Where-Object { $null -ne $_ })
    $policy = ConvertTo-SameCAPolicy -Policy (Get-SameCAGiven $Given 'Policy')
    if ($policy.ContainsKey('distrust')) {
        $policy['distrust'] = @(foreach ($entry in $policy['distrust']) {
            if ($entry -is [System.Collections.IDictionary] -and (Get-SameCAGiven $entry 'key_sha256')) { @{ key_sha256 = $entry['key_sha256'] } }
            else { ConvertTo-SameCAList -Given $entry -Part 'distrust' }
        })
    }
    if ($path -and $document) {
        $words = "'$requirement' has two reference documents: give the path or the document itself"
        Stop-SameCA -Id 'BadOption' -Category InvalidArgument -Target 'ReferenceDocument' -Message $words
    }
    $members = @(
        foreach ($source in @(Get-SameCAGiven $Given 'Reference' | Where-Object { $null -ne $_ })) { New-SameCAMember -Source $source -Credential $credential }
        foreach ($key in @(Get-SameCAGiven $Given 'PinnedKey' | Where-Object { $null -ne $_ })) {
            $digits = Repair-SameCAText $key
            if (-not $digits.Trim()) {
                $words = "$(Get-SameCATerm 'pinned_keys') has an empty element; leave it out"
                Stop-SameCA -Id 'BadOption' -Category InvalidArgument -Target 'PinnedKey' -Message $words
            }
            @{ name = "pinned key $digits"; key_sha256 = $digits }
        }
    )
    $options = @{
        Credential = $credential
        Secret = $secret
        Names = @()
        Mend = $candidates.Count -gt 0
        RenewBefore = $policy.ContainsKey('renew_before')
        ReplaceStaged = [bool](Get-SameCAGiven $Given 'ReplaceStaged')
        SetOAuthTokenIssuer = [bool](Get-SameCAGiven $Given 'SetOAuthTokenIssuer')
        Without = $Without
    }
    if (-not $policy.ContainsKey('names')) { $options['Names'] = @(Get-SameCAHostName) }
    $places = @{}
    $subjects = @(foreach ($entry in @(Get-SameCAGiven $Given 'Subject')) {
        foreach ($made in @(New-SameCASubject -Subject $entry @options)) {
            if ($null -ne $made['place']) { $places[(Get-SameCAKey $made['entry'])] = $made['place'] }
            $made['entry']
        }
    })
    $hostName = Repair-SameCAText (Get-SameCAGiven $Given 'HostName')
    if (-not $hostName) { $hostName = Get-SameCAHostName }
    $collected = Get-SameCAGiven $Given 'CollectedAt'
    if (-not $collected) { $collected = ConvertTo-SameCATime -Text '+0s' }
    $vouched = @(ConvertTo-SameCAList -Given (Get-SameCAGiven $Given 'Authority') -Part 'authorities')
    $lent = @(ConvertTo-SameCAList -Given (Get-SameCAGiven $Given 'Intermediate') -Part 'intermediates')
    $request = @{
        protocol = 1
        requirement = $requirement
        host = $hostName
        collected_at = $collected
        reference = $members
        subjects = $subjects
        authorities = $vouched + @(Get-SameCAEvidence -Store 'Root') + @(Get-SameCAEvidence -Store 'NTAuth')
        intermediates = $lent + @(Get-SameCAEvidence -Store 'CA')
        policy = $policy
    }
    if (Get-SameCAGiven $Given 'Node') { $request['node'] = Repair-SameCAText $Given['Node'] }
    if ($path) {
        Assert-SameCAAbsolutePath -Path $path -Part 'reference_document'
        $request['reference_document'] = @{ path = $path }
    }
    if ($document) { $request['reference_document'] = $document }
    if ($candidates.Count -gt 0) {
        $request['candidates'] = @(ConvertTo-SameCAList -Given $candidates -Part 'candidates' -Credential $secret -WithKey)
    }
    return @{ Request = $request; Places = $places; Secret = $secret }
}

# What tells a subject from the others.
function Get-SameCAKey {
    [OutputType([string])]
    param($Entry)
    $use = ''
    if ($Entry -is [hashtable]) { if ($Entry.ContainsKey('use')) { $use = $Entry['use'] }; return "$($Entry['name'])`n$use" }
    if (Test-SameCAProperty $Entry 'use') { $use = $Entry.use }
    $name = ''
    if (Test-SameCAProperty $Entry 'subject') { $name = $Entry.subject }
    if (Test-SameCAProperty $Entry 'name') { $name = $Entry.name }
    return "$name`n$use"
}

# A credential, whose password has not been made the text of an object on its way here.
function Get-SameCACredential {
    [OutputType([pscredential])]
    param([System.Collections.IDictionary] $Given, [string] $Name, [string] $Part)
    $credential = Get-SameCAGiven $Given $Name
    if ($null -eq $credential) { return $null }
    $text = $credential.GetNetworkCredential().Password
    # DSC's adapter makes text of what stands in the place of the password.
    if ($text -match '(?s)^@\{secureString=(.*)\}$') {
        $secret = New-Object -TypeName System.Security.SecureString
        foreach ($letter in $Matches[1].ToCharArray()) { $secret.AppendChar($letter) }
        return New-Object -TypeName System.Management.Automation.PSCredential -ArgumentList $credential.UserName, $secret
    }
    if ($text -match '^(@\{\w+=.*\}|System\.(Collections|Management)\.[\w.]+)$') {
        $words = "the password of $(Get-SameCATerm $Part) is an object, and not text; give the credential as {username, password} or as a secureObject of these"
        Stop-SameCA -Id 'BadCredential' -Category InvalidArgument -Target $Name -Message $words
    }
    return $credential
}

# The policy as the protocol takes it, with the words that have no other case in lower case.
function ConvertTo-SameCAPolicy {
    [OutputType([hashtable])]
    param([System.Collections.IDictionary] $Policy)
    $rules = @{}
    if ($null -eq $Policy) { return $rules }
    foreach ($name in @($Policy.Keys)) {
        $value = $Policy[$name]
        if ($null -eq $value) { continue }
        if ('profile', 'match', 'level', 'proof', 'references' -contains $name -and $value -is [string]) { $value = $value.ToLowerInvariant() }
        if ('names', 'extended_key_usage', 'distrust' -contains $name) { $value = @($value | ForEach-Object { $_ }) }
        $rules[$name] = $value
    }
    if ($rules.ContainsKey('names')) {
        $rules['names'] = @(foreach ($name in $rules['names']) {
            $name = (Repair-SameCAText $name).Trim()
            # Also an address, or a name with one star at its beginning.
            $isName = $name -match '^(\*\.)?\w([\w-]*\w)?(\.\w([\w-]*\w)?)*\.?$'
            if (-not $isName -and -not [System.Net.IPAddress]::TryParse($name, [ref]$null)) {
                $words = "$(Get-SameCATerm 'names') '$name' is not a host name; write one such as pchat01.contoso.com"
                Stop-SameCA -Id 'BadOption' -Category InvalidArgument -Target $name -Message $words
            }
            $name
        })
    }
    return $rules
}

# A member: a source, or a dictionary of its name and a source or pin. One without certificate is sent empty, so that the report names it.
function New-SameCAMember {
    [OutputType([hashtable])]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'builds a value, changes nothing')]
    param($Source, [pscredential] $Credential)
    $member = @{}
    $kind = 'source'
    $given = $Source
    if ($Source -is [System.Collections.IDictionary]) {
        foreach ($key in 'name', 'use', 'key_sha256') {
            $value = Get-SameCAGiven $Source $key
            if ($null -ne $value) { $member[$key] = Repair-SameCAText $value }
        }
        if ($member.ContainsKey('key_sha256')) { return $member }
        if ($null -ne (Get-SameCAGiven $Source 'authority')) { $kind = 'authority' }
        $given = Get-SameCAGiven $Source $kind
    }
    elseif ($Source -is [string]) { $member['name'] = Repair-SameCAText $Source }
    if ($null -eq $given -or ($Source -isnot [string] -and $Source -isnot [System.Collections.IDictionary])) {
        $words = "$(Get-SameCATerm 'reference') has an element that is neither a source nor a dictionary with a source, authority or key_sha256"
        Stop-SameCA -Id 'BadOption' -Category InvalidType -Target 'Reference' -Message $words
    }
    $found = @(ConvertTo-SameCAList -Given $given -Part 'reference' -Credential $Credential)
    if ($found.Count -gt 1) {
        $name = $member['name']
        Stop-SameCA -Id 'BadSource' -Category InvalidArgument -Target $name -Message "reference '$name' must name one certificate; it names $($found.Count)"
    }
    if ($found.Count -eq 1) { $member[$kind] = $found[0] } else { $member[$kind] = @{ pem = '' } }
    return $member
}

# One subject, and one more for each certificate that Lync has staged for its use; each with its place where this module keeps it.
function New-SameCASubject {
    [OutputType([hashtable])]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'builds a value, changes nothing')]
    param(
        $Subject,
        [pscredential] $Credential,
        [pscredential] $Secret,
        [string[]] $Names,
        [bool] $Mend,
        [bool] $RenewBefore,
        [bool] $ReplaceStaged,
        [bool] $SetOAuthTokenIssuer,
        [hashtable] $Without
    )
    $entry = @{}
    $source = $Subject
    if ($Subject -isnot [string]) {
        $entry = ConvertTo-SameCASubject -Subject $Subject -Credential $Credential -Secret $Secret
        if ($entry.ContainsKey('candidates')) { $Mend = $true }
        # Its source may still be one that only this module reads.
        $plain = $entry.ContainsKey('source') -and $entry['source'] -is [string] -and -not $entry.ContainsKey('install')
        if (-not $plain) { return @{ entry = $entry; place = $null } }
        $source = $entry['source']
        $entry.Remove('source')
    }
    $parts = Read-SameCASource -Source $source -Part 'subjects'
    if (-not $entry.ContainsKey('name')) { $entry['name'] = $parts['source'] }
    if ($parts['kind'] -eq 'path' -and $Mend -and $Subject -is [string]) {
        $entry['install'] = New-SameCAPlace -Path $parts['source'] -Credential $Credential
        return @{ entry = $entry; place = $null }
    }
    $staged = @()
    $place = $null
    $kept = $true
    if ($parts['kind'] -eq 'lync') {
        $assigned = Get-SameCALyncAssignment -Use $parts['use']
        $staged = @($assigned['staged'])
        if (-not $entry.ContainsKey('use')) { $entry['use'] = $parts['use'] }
        $found = @()
        $keptIn = $script:LyncStore
        $place = @{ kind = 'lync'; use = $parts['use']; location = $keptIn['Location']; store = $keptIn['Store']; thumbprint = '' }
        if ($assigned['current']) { $found = @(Get-SameCAStoreCertificate @keptIn -Thumbprint $assigned['current'] -WithKey) }
        $kept = ($staged.Count -gt 0 -and -not $ReplaceStaged) -or ($parts['use'] -eq 'OAuthTokenIssuer' -and -not $SetOAuthTokenIssuer)
    }
    else {
        $found = @(Resolve-SameCASource -Source $source -Part 'subjects' -Credential $Credential -WithKey)
        if ($parts['kind'] -eq 'store') {
            $place = @{ kind = 'store'; location = $parts['location']; store = $parts['store']; thumbprint = $parts['thumbprint'] }
            $kept = $false
        }
    }
    $whole = $parts['kind'] -eq 'store' -and -not $parts['thumbprint']
    if ($parts['kind'] -eq 'store' -and -not $whole -and $RenewBefore -and $Mend) {
        $words = "$(Get-SameCATerm 'renew_before') cannot replace '$($parts['source'])': a thumbprint names this one certificate alone; name the whole store"
        Stop-SameCA -Id 'BadOption' -Category InvalidArgument -Target $parts['source'] -Message $words
    }
    if ($found.Count -eq 1 -and -not $whole) { $entry['source'] = $found[0] } else { $entry['any_of'] = $found }
    if ($whole -and $Names -and -not $entry.ContainsKey('names')) { $entry['names'] = @($Names) }
    if ($Mend -and -not $kept) {
        $accepts = @{ forms = @('pkcs12', 'store'); one_key = $true; store = @{ location = $place['location']; store = $place['store'] } }
        if ($place['thumbprint']) { $accepts['thumbprint'] = $place['thumbprint'] }
        $entry['install'] = @{ by = 'caller'; accepts = $accepts }
        $key = Get-SameCAKey $entry
        if ($null -ne $Without -and $Without.ContainsKey($key)) { $entry['install']['without'] = @($Without[$key]) }
    }
    @{ entry = $entry; place = $place }
    foreach ($next in $staged) {
        $later = @{ name = "$($entry['name']) staged for $($next['from'])"; use = $entry['use']; effective_from = $next['from'] }
        $found = @(Get-SameCAStoreCertificate @keptIn -Thumbprint $next['thumbprint'] -WithKey)
        if ($found.Count -eq 1) { $later['source'] = $found[0] } else { $later['any_of'] = @() }
        @{ entry = $later; place = $null }
    }
}

# A subject that was given as a dictionary, in the words of the other modules: source and any_of as there, install as there.
function ConvertTo-SameCASubject {
    [OutputType([hashtable])]
    param($Subject, [pscredential] $Credential, [pscredential] $Secret)
    if ($Subject -isnot [System.Collections.IDictionary]) {
        $words = "$(Get-SameCATerm 'subjects') has an element that is neither a source nor a dictionary"
        Stop-SameCA -Id 'BadOption' -Category InvalidType -Target 'Subject' -Message $words
    }
    $entry = @{}
    foreach ($key in 'name', 'use', 'names', 'effective_from') {
        $value = Get-SameCAGiven $Subject $key
        if ($null -eq $value) { continue }
        if ($key -eq 'names') { $value = @($value | ForEach-Object { $_ }) }
        if ($key -eq 'effective_from') { $value = ConvertTo-SameCATime -Text $value -Option 'effective_from' }
        $entry[$key] = $value
    }
    $source = Get-SameCAGiven $Subject 'source'
    if ($null -ne $source) { $entry['source'] = ConvertTo-SameCASource -Source $source -Part 'subjects' -Credential $Credential }
    $any = Get-SameCAGiven $Subject 'any_of'
    if ($null -ne $any) { $entry['any_of'] = @(ConvertTo-SameCAList -Given $any -Part 'subjects' -Credential $Credential -WithKey) }
    $own = Get-SameCAGiven $Subject 'candidates'
    if ($null -ne $own) { $entry['candidates'] = @(ConvertTo-SameCAList -Given $own -Part 'candidates' -Credential $Secret -WithKey) }
    $install = Get-SameCAGiven $Subject 'install'
    if ($null -ne $install) {
        $entry['install'] = @{}
        $known = @{
            path = 'certificate'; privatekey_path = 'private_key'; chain_path = 'chain'; pkcs12_path = 'pkcs12_path'; backup = 'backup'
            privatekey_passphrase = 'password'; password_file = 'password_file'; password_env = 'password_env'; encryption = 'encryption'
            replace_unreadable = 'replace_unreadable'
        }
        foreach ($name in $known.Keys) {
            $value = Get-SameCASecret $install $name
            if ($null -eq $value) { continue }
            if ($name -match '^(path|privatekey_path|chain_path|pkcs12_path|password_file)$') { Assert-SameCAAbsolutePath -Path $value -Part 'subjects' }
            $entry['install'][$known[$name]] = $value
        }
        $said = @('password', 'password_file', 'password_env' | Where-Object { $entry['install'].ContainsKey($_) })
        if ($entry['install'].ContainsKey('pkcs12_path') -and $said.Count -eq 0) {
            if ($null -eq $Credential) {
                $words = "$(Get-SameCATerm 'subjects') '$($entry['name'])': install.pkcs12_path needs privatekey_passphrase, password_file or password_env; " +
                "an empty passphrase is given as ''"
                Stop-SameCA -Id 'BadOption' -Category InvalidArgument -Target 'Subject' -Message $words
            }
            $entry['install']['password'] = $Credential.GetNetworkCredential().Password
        }
    }
    return $entry
}

# The protocol's sources for a list of sources, each a string or a dictionary.
function ConvertTo-SameCAList {
    [OutputType([hashtable], [string])]
    param($Given, [string] $Part, [pscredential] $Credential, [switch] $WithKey)
    # A dictionary is one source; what it holds is not gone through.
    if ($Given -is [System.Collections.IDictionary]) { $Given = @(, $Given) }
    foreach ($one in $Given) {
        if ($null -eq $one) { continue }
        $made = ConvertTo-SameCASource -Source $one -Part $Part -Credential $Credential
        if ($made -is [string]) { Resolve-SameCASource -Source $made -Part $Part -Credential $Credential -WithKey:$WithKey } else { $made }
    }
}

# A source that was given as a dictionary: a string where it is one that people write, else the protocol's own.
function ConvertTo-SameCASource {
    param($Source, [string] $Part, [pscredential] $Credential)
    if ($Source -is [string]) { return $Source }
    if ($Source -isnot [System.Collections.IDictionary]) {
        $words = "$(Get-SameCATerm $Part) has an element that is neither a source nor a dictionary"
        Stop-SameCA -Id 'BadSource' -Category InvalidType -Target $Part -Message $words
    }
    $password = @{}
    foreach ($pair in @('privatekey_passphrase', 'password'), @('password_file', 'password_file'), @('password_env', 'password_env')) {
        $value = Get-SameCASecret $Source $pair[0]
        if ($null -ne $value) { $password[$pair[1]] = $value }
    }
    $spec = Get-SameCAGiven $Source 'spec'
    # An empty one is refused where it is read.
    if ($null -ne $spec) { return $spec }
    $path = Get-SameCAGiven $Source 'path'
    if ($path) {
        Assert-SameCAAbsolutePath -Path $path -Part $Part
        if ($password.Count -eq 0) { return Resolve-SameCASource -Source $path -Part $Part -Credential $Credential }
        return @{ path = $path } + $password
    }
    $content = Get-SameCAGiven $Source 'content'
    if ($content) { return @{ pem = $content } + $password }
    $pkcs12 = Get-SameCASecret $Source 'pkcs12'
    if ($pkcs12) { return @{ pkcs12 = $pkcs12 } + $password }
    $tls = Get-SameCAGiven $Source 'tls'
    if ($null -ne $tls) {
        $server = @{}
        foreach ($name in 'host', 'port', 'server_name', 'starttls', 'timeout') {
            $value = Get-SameCAGiven $tls $name
            if ($null -ne $value) { $server[$name] = $value }
        }
        return @{ tls = $server }
    }
    $words = "a source in $(Get-SameCATerm $Part) has none of spec, path, content, pkcs12 and tls"
    Stop-SameCA -Id 'BadSource' -Category InvalidArgument -Target $Part -Message $words
}

# Where the binary itself keeps a path's certificate: told by the name, because the file need not be there yet.
function New-SameCAPlace {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'builds a value, changes nothing')]
    param([string] $Path, [pscredential] $Credential)
    if ($Path -notmatch '\.(pfx|p12)$') { return @{ certificate = $Path } }
    # The binary wants a password said, if only that there is none.
    $place = @{ pkcs12_path = $Path; password = '' }
    if ($null -ne $Credential) { $place['password'] = $Credential.GetNetworkCredential().Password }
    return $place
}

# This host's name: asked of DNS only where the host does not know it itself, once, and not for long.
function Get-SameCAHostName {
    [OutputType([string])]
    param()
    if ($script:OwnName) { return $script:OwnName }
    $name = [System.Net.Dns]::GetHostName()
    if ($name -notmatch '\.') {
        $domain = ''
        try { $domain = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties().DomainName }
        catch { Write-Verbose "the host's domain is not known: $($_.Exception.Message)" }
        if ($domain -match '^[A-Za-z0-9]') { $name = "$name.$domain" }
        else {
            $asked = [System.Net.Dns]::GetHostEntryAsync($name)
            $null = [System.Threading.Tasks.Task]::WaitAny([System.Threading.Tasks.Task[]]@($asked), 5000)
            if ($asked.Status -eq 'RanToCompletion' -and $asked.Result.HostName -match '\.' -and $asked.Result.HostName -notlike 'localhost*') {
                $name = $asked.Result.HostName
            }
        }
    }
    $script:OwnName = Repair-SameCAText $name
    return $script:OwnName
}

# CA certificates of the machine, as evidence; a store that is not there lends none.
function Get-SameCAEvidence {
    param([string] $Store)
    try { foreach ($held in @(Get-SameCAStoreCertificate -Location LocalMachine -Store $Store)) { @{ der = $held['der'] } } }
    catch {
        Write-Verbose "store LocalMachine\$Store lends no evidence: $($_.Exception.Message)"
        # It is not opened again for this operation either.
        $script:Stores["LocalMachine\$Store".ToLowerInvariant()] = New-Object System.Collections.ArrayList
    }
}

# The protocol's sources for one that people write: several for a store, none for what has no certificate.
function Resolve-SameCASource {
    [CmdletBinding()]
    [OutputType([hashtable], [string])]
    param(
        [AllowEmptyString()] [string] $Source,
        [string] $Part,
        [pscredential] $Credential,
        [switch] $WithKey
    )
    $parts = Read-SameCASource -Source $Source -Part $Part
    if ($parts['kind'] -eq 'store') {
        return Get-SameCAStoreCertificate -Location $parts['location'] -Store $parts['store'] -Thumbprint $parts['thumbprint'] -WithKey:$WithKey
    }
    if ($parts['kind'] -eq 'lync') {
        $assigned = Get-SameCALyncAssignment -Use $parts['use']
        if (-not $assigned['current']) { return }
        $place = $script:LyncStore
        return Get-SameCAStoreCertificate @place -Thumbprint $assigned['current'] -WithKey:$WithKey
    }
    if ($null -ne $Credential -and $parts['kind'] -eq 'path' -and $Source -notmatch '\.(cer|crt|der|pem|p7b|p7c)$') {
        return @{ path = $parts['source']; password = $Credential.GetNetworkCredential().Password }
    }
    return $parts['source']
}

# Certificates of a store, as the protocol takes them. A store is read once for an operation, and each key opened once.
function Get-SameCAStoreCertificate {
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Mandatory = $true)] [string] $Location,
        [Parameter(Mandatory = $true)] [string] $Store,
        [string] $Thumbprint,
        [switch] $WithKey
    )
    foreach ($held in @(Read-SameCAStore -Location $Location -Store $Store)) {
        if ($Thumbprint -and $held['thumbprint'] -ne $Thumbprint) { continue }
        $source = @{ der = $held['der'] }
        if ($WithKey) {
            if ($null -eq $held['key']) { $held['key'] = Test-SameCAPrivateKey -Certificate $held['certificate'] }
            $key = $held['key']
            if ($key['denied'] -and $Thumbprint) {
                $who = [System.Environment]::UserName
                $words = "the private key of $Thumbprint in $Location\$Store may not be opened by ${who}: $($key['denied']); " +
                "let that account read the key, or give $(Get-SameCATerm 'run_as')"
                Stop-SameCA -Id 'KeyDenied' -Category PermissionDenied -Target $Thumbprint -Message $words
            }
            $source['private_key'] = $key['present']
            if ($key['provider']) { $source['key_provider'] = $key['provider'] }
            $source['store'] = @{ location = $Location; store = $Store }
        }
        $source
    }
}

# What a store holds: read when it is first asked for.
function Read-SameCAStore {
    [OutputType([hashtable])]
    param([string] $Location, [string] $Store)
    $name = "$Location\$Store".ToLowerInvariant()
    if (-not $script:Stores.ContainsKey($name)) { $script:Stores[$name] = Get-SameCAStoreContent -Location $Location -Store $Store }
    foreach ($held in $script:Stores[$name]) { $held }
}

# All certificates of a store, as they are remembered.
function Get-SameCAStoreContent {
    [OutputType([System.Collections.ArrayList])]
    param([string] $Location, [string] $Store)
    $open = New-Object -TypeName System.Security.Cryptography.X509Certificates.X509Store -ArgumentList $Store, $Location
    try { $open.Open('ReadOnly, OpenExistingOnly') }
    catch {
        $why = $_.Exception.GetBaseException()
        $category = 'OpenError'
        if ($why -is [System.UnauthorizedAccessException] -or $why.HResult -eq 0x80070005) { $category = 'PermissionDenied' }
        $words = "failed to open certificate store $Location\${Store}: $($why.Message); name a store that is there, and run as an account that may open it"
        Stop-SameCA -Id 'StoreNotOpened' -Category $category -Target "$Location\$Store" -Message $words -Cause $why
    }
    $list = New-Object System.Collections.ArrayList
    try {
        foreach ($certificate in $open.Certificates) { $null = $list.Add((New-SameCAHeld -Certificate $certificate)) }
    }
    finally { $open.Close() }
    return , $list
}

# One certificate of a store, as it is remembered.
function New-SameCAHeld {
    [OutputType([hashtable])]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'builds a value, changes nothing')]
    param([System.Security.Cryptography.X509Certificates.X509Certificate2] $Certificate)
    $raw = $Certificate.RawData
    return @{
        der = [System.Convert]::ToBase64String($raw)
        thumbprint = $Certificate.Thumbprint
        sha256 = Get-SameCASha256 $raw
        certificate = $Certificate
        key = $null
    }
}

# HasPrivateKey stays true when the key's file is gone: only opening the key tells.
function Test-SameCAPrivateKey {
    [OutputType([hashtable])]
    param([System.Security.Cryptography.X509Certificates.X509Certificate2] $Certificate)
    $known = @{ present = $false; denied = $null; provider = $null }
    if (-not $Certificate.HasPrivateKey) { return $known }
    $extensions = 'System.Security.Cryptography.X509Certificates.RSACertificateExtensions' -as [type]
    # Before .NET Framework 4.6 there is nothing better to ask.
    if ($null -eq $extensions) { $known['present'] = $true; return $known }
    try {
        $key = Open-SameCAPrivateKey -Certificate $Certificate
        if ($null -eq $key) { return $known }
        $known['present'] = $true
        switch ($key.GetType().Name) {
            'RSACryptoServiceProvider' { $known['provider'] = $key.CspKeyContainerInfo.ProviderName }
            'RSACng' { $known['provider'] = $key.Key.Provider.Provider }
            'ECDsaCng' { $known['provider'] = $key.Key.Provider.Provider }
        }
        $key.Dispose()
    }
    catch {
        $cause = $_.Exception.GetBaseException()
        Write-Verbose "the private key of $($Certificate.Thumbprint) could not be opened: $($cause.Message)"
        # E_ACCESSDENIED and NTE_PERM.
        if ($cause -is [System.UnauthorizedAccessException] -or $cause.HResult -eq 0x80070005 -or $cause.HResult -eq 0x80090010) {
            $known['denied'] = $cause.Message
        }
        # NTE_BAD_KEYSET is what Windows says of either.
        elseif ($cause.HResult -eq 0x80090016) {
            $who = [System.Environment]::UserName
            $script:KeyTrouble[$Certificate.Thumbprint] = "Windows finds no key set (NTE_BAD_KEYSET): the private key is gone, or $who may not read it; " +
            "let that account read the key, give $(Get-SameCATerm 'run_as'), or import the certificate with its key again"
        }
    }
    return $known
}

# The private key, of whatever kind; nothing where .NET knows none.
function Open-SameCAPrivateKey {
    param([System.Security.Cryptography.X509Certificates.X509Certificate2] $Certificate)
    $key = [System.Security.Cryptography.X509Certificates.RSACertificateExtensions]::GetRSAPrivateKey($Certificate)
    if ($null -eq $key) { $key = [System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions]::GetECDsaPrivateKey($Certificate) }
    return $key
}

# Thumbprint of the certificate that a use has now, or null, and what is staged for later.
function Get-SameCALyncAssignment {
    [CmdletBinding()]
    [OutputType([hashtable])]
    param([Parameter(Mandatory = $true)] [string] $Use)
    Import-SameCALync -Use $Use
    $now = [System.DateTime]::UtcNow
    $known = @{ current = $null; staged = @() }
    $since = [System.DateTime]::MinValue
    $before = $null
    try { $assigned = @(Get-CsCertificate -Type $Use -ErrorAction Stop) }
    catch {
        $hint = "it needs an account in RTCUniversalServerAdmins: give $(Get-SameCATerm 'run_as')"
        if ($PSVersionTable.PSVersion.Major -gt 5) { $hint = "$($script:Elsewhere); $hint" }
        $words = "Get-CsCertificate failed for lync:${Use}: $($_.Exception.Message); $hint"
        Stop-SameCA -Id 'LyncFailed' -Category ReadError -Target "lync:$Use" -Message $words -Cause $_.Exception
    }
    foreach ($entry in $assigned) {
        $from = [System.DateTime]::MinValue
        if ((Test-SameCAProperty $entry 'EffectiveDate') -and $null -ne $entry.EffectiveDate) {
            $from = ([System.DateTime]$entry.EffectiveDate).ToUniversalTime()
        }
        if ($from -gt $now) {
            $text = $from.ToString('yyyy-MM-ddTHH:mm:ssZ', [System.Globalization.CultureInfo]::InvariantCulture)
            $known['staged'] += @{ thumbprint = $entry.Thumbprint; from = $text }
            # Where one entry has both, the one before is in use until that day.
            if ((Test-SameCAProperty $entry 'PreviousThumbprint') -and $entry.PreviousThumbprint) { $before = $entry.PreviousThumbprint }
        }
        elseif ($null -eq $known['current'] -or $from -gt $since) {
            $known['current'] = $entry.Thumbprint
            $since = $from
        }
    }
    if ($null -eq $known['current']) { $known['current'] = $before }
    return $known
}

# Lync's cmdlets, also where its folder of modules is not on PSModulePath.
function Import-SameCALync {
    param([string] $Use)
    if (Get-Command -Name Get-CsCertificate -ErrorAction SilentlyContinue) { return }
    if ((Test-SameCAPlatform) -and $PSVersionTable.PSVersion.Major -le 5) {
        $places = 'Microsoft Lync Server 2013\Modules\Lync', 'Skype for Business Server 2015\Modules\SkypeForBusiness',
        'Skype for Business Server 2019\Modules\SkypeForBusiness'
        foreach ($place in $places) {
            $folder = Join-Path $env:CommonProgramFiles $place
            if (Test-Path -LiteralPath $folder) { Import-Module $folder -Scope Global -Verbose:$false }
        }
        if (Get-Command -Name Get-CsCertificate -ErrorAction SilentlyContinue) { return }
    }
    $hint = 'install the Lync Server Management Shell there, or ask for a store or a path instead'
    if ($PSVersionTable.PSVersion.Major -gt 5) { $hint = $script:Elsewhere }
    $words = "Get-CsCertificate was not found: lync:$Use needs Windows PowerShell on a server with the Lync Server Management Shell " +
    "(module Lync or SkypeForBusiness); $hint"
    Stop-SameCA -Id 'LyncMissing' -Category NotInstalled -Target "lync:$Use" -Message $words
}

function Invoke-SameCACheck {
    <#
    .SYNOPSIS
        Checks whether the certificates comply. Changes nothing.
    .PARAMETER Question
        A hashtable with the parameters of New-SameCARequest, and BinaryPath, Timeout and KeyReader.
    .OUTPUTS
        An object with Report, Json, Request, and Unreadable: the private keys that accounts in KeyReader cannot read.
    .EXAMPLE
        (Invoke-SameCACheck -Question @{ Requirement = 'chat'; Reference = 'lync:Default'; Subject = 'lync:Default' }).Report.status
    #>
    [CmdletBinding()]
    [OutputType([psobject])]
    param([Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Question)
    Clear-SameCAMemory
    $made = New-SameCAQuestion -Given $Question
    $program = Get-SameCAProgram -Question $Question
    $answer = Invoke-SameCA -Command check -Request $made['Request'] @program
    $unreadable = @(Get-SameCAKeyFault -Question $Question -Report $answer.Report -Places $made['Places'])
    return [pscustomobject]@{ Report = $answer.Report; Json = $answer.Json; Request = $made['Request']; Unreadable = $unreadable }
}

function Get-SameCACertificate {
    <#
    .SYNOPSIS
        Lists the certificates in stores, files and servers, with the facts that same-ca inspect gives. Checks and changes nothing.
    .PARAMETER Source
        Sources to read, in short form or as dictionaries: a whole store, or one of its certificates by thumbprint.
    .PARAMETER ValidAt
        Time from which the remaining days are counted. The default is the current time.
    .PARAMETER BinaryPath
        Path of same-ca.exe, as in Invoke-SameCA.
    .PARAMETER Timeout
        Time limit in seconds.
    .OUTPUTS
        An object with Certificates (hashtables) and Findings: what could not be read.
    .EXAMPLE
        (Get-SameCACertificate -Source store:LocalMachine/My).Certificates | Where-Object { $_['days_left'] -lt 30 }
    #>
    [CmdletBinding()]
    [OutputType([psobject])]
    param(
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [object[]] $Source,
        $ValidAt,
        [string] $BinaryPath,
        [int] $Timeout
    )
    Clear-SameCAMemory
    if (-not $ValidAt) { $ValidAt = '+0s' }
    $at = ConvertTo-SameCATime -Text $ValidAt -Option 'valid_at'
    $subjects = New-Object System.Collections.ArrayList
    $found = New-Object System.Collections.ArrayList
    for ($index = 0; $index -lt $Source.Count; $index++) {
        $given = ConvertTo-SameCASource -Source $Source[$index] -Part 'sources'
        $subject = @{ name = "$index"; source = $given }
        if ($given -is [string]) {
            $parts = Read-SameCASource -Source $given -Part 'sources'
            $subject['source'] = $parts['source']
            if ($parts['kind'] -eq 'store' -or $parts['kind'] -eq 'lync') {
                try {
                    if ($parts['kind'] -eq 'lync') { $parts['thumbprint'] = (Get-SameCALyncAssignment -Use $parts['use'])['current'] }
                    $held = @(Get-SameCAStored -Parts $parts)
                }
                catch {
                    # What stands beside it is read all the same, as beside a file that cannot be.
                    if ($_.FullyQualifiedErrorId -notlike 'SameCA.StoreNotOpened*') { throw }
                    $message = $_.Exception.Message
                    $null = $found.Add(@{ source = $index; code = 'certificate-unreadable'; severity = 'error'; message = $message })
                    continue
                }
                $subject = @{ name = "$index"; any_of = $held }
                if ($held.Count -eq 0) {
                    # A whole store may be empty; a certificate that was asked for by its name is missed.
                    $whole = $parts['kind'] -eq 'store' -and -not $parts['thumbprint']
                    if ($whole) { continue }
                    $message = Get-SameCAMissing -Given $given -Parts $parts
                    $null = $found.Add(@{ source = $index; code = 'certificate-missing'; severity = 'error'; message = $message })
                    continue
                }
            }
        }
        $null = $subjects.Add($subject)
    }
    $certificates = New-Object System.Collections.ArrayList
    if ($subjects.Count -gt 0) {
        $program = Get-SameCAProgram -Question @{ BinaryPath = $BinaryPath; Timeout = $Timeout }
        $answer = Invoke-SameCA -Command inspect -Request @{ protocol = 1; subjects = @($subjects) } @program
        foreach ($subject in $answer.Report.subjects) {
            foreach ($read in @($subject.sources)) {
                Add-SameCAInspected -Read $read -Number ([int]$subject.name) -At $at -Certificates $certificates -Findings $found
            }
        }
    }
    return [pscustomobject]@{ Certificates = @($certificates); Findings = @($found) }
}

# Why a thumbprint or a use of Lync has no certificate.
function Get-SameCAMissing {
    [OutputType([string])]
    param([string] $Given, [hashtable] $Parts)
    if ($Parts['kind'] -eq 'store') { return "${Given}: the store holds no certificate of this thumbprint" }
    $thumbprint = $Parts['thumbprint']
    if (-not $thumbprint) { return "${Given}: no certificate is assigned to this use" }
    return "${Given}: its certificate $thumbprint is not in the store $($script:LyncStore['Location'])\$($script:LyncStore['Store'])"
}

# The certificates of a store, or the one that Lync has assigned (its thumbprint is among the parts), as they are inspected.
# A key that may not be opened is unknown.
function Get-SameCAStored {
    [OutputType([hashtable])]
    param([hashtable] $Parts)
    $place = @{ Location = $Parts['location']; Store = $Parts['store'] }
    $thumbprint = $Parts['thumbprint']
    if ($Parts['kind'] -eq 'lync') {
        $place = $script:LyncStore
        if (-not $thumbprint) { return }
    }
    foreach ($held in @(Read-SameCAStore @place)) {
        if ($thumbprint -and $held['thumbprint'] -ne $thumbprint) { continue }
        $source = @{ der = $held['der'] }
        $key = Test-SameCAPrivateKey -Certificate $held['certificate']
        if (-not $key['denied']) { $source['private_key'] = $key['present'] }
        $source
    }
}

# The certificates of one source that was inspected, and what is wrong with it.
function Add-SameCAInspected {
    param($Read, [int] $Number, [string] $At, [System.Collections.ArrayList] $Certificates, [System.Collections.ArrayList] $Findings)
    $told = {
        param($Of)
        if (-not (Test-SameCAProperty $Of 'findings')) { return }
        foreach ($finding in @($Of.findings)) {
            $one = ConvertTo-SameCATable -Value $finding
            $one['source'] = $Number
            $null = $Findings.Add($one)
        }
    }
    if (Test-SameCAProperty $Read 'certificates') {
        foreach ($certificate in @($Read.certificates)) {
            $whole = @{}
            if (Test-SameCAProperty $certificate 'facts') { $whole = ConvertTo-SameCATable -Value $certificate.facts }
            foreach ($property in $certificate.PSObject.Properties) {
                if ('facts', 'findings' -notcontains $property.Name) { $whole[$property.Name] = ConvertTo-SameCATable -Value $property.Value }
            }
            $whole['source'] = $Number
            $end = [string]$whole['not_after']
            $whole['days_left'] = Get-SameCADay -End $end -At $At
            $whole['expired'] = [string]::CompareOrdinal($end, $At) -lt 0
            $null = $Certificates.Add($whole)
            & $told $certificate
        }
    }
    & $told $Read
}

# Whole days from a time to an end, rounded down; nothing where the end cannot be read.
function Get-SameCADay {
    param([string] $End, [string] $At)
    $culture = [System.Globalization.CultureInfo]::InvariantCulture
    $styles = [System.Globalization.DateTimeStyles]'AssumeUniversal, AdjustToUniversal'
    $times = foreach ($text in $End, $At) {
        $time = [System.DateTime]::MinValue
        if (-not [System.DateTime]::TryParseExact($text, 'yyyy-MM-ddTHH:mm:ssZ', $culture, $styles, [ref]$time)) { return $null }
        $time
    }
    return [long][System.Math]::Floor(($times[0] - $times[1]).TotalDays)
}

function Invoke-SameCAEnforce {
    <#
    .SYNOPSIS
        Carries out, or simulates, what same-ca chooses: imports certificates, assigns them to Lync uses, and checks again.
    .DESCRIPTION
        same-ca chooses the certificates, and installs files itself; the rest is done here. If a choice cannot be carried out, the next
        candidate is tried. A simulation goes through the same steps and changes nothing.
    .PARAMETER Question
        A hashtable with the parameters of New-SameCARequest, and BinaryPath, Timeout, Exportable and KeyReader.
    .PARAMETER Foresee
        Simulates: changes nothing, and returns what would be done.
    .OUTPUTS
        An object with Report and Json (the state afterwards), Request, First (the report before), Changed, Done (actions), Failures (failed
        actions), Warnings, Restart (services to restart) and Unreadable.
    .EXAMPLE
        (Invoke-SameCAEnforce -Question $question -Foresee).Changed
    #>
    [CmdletBinding()]
    [OutputType([psobject])]
    param(
        [Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Question,
        [switch] $Foresee
    )
    Clear-SameCAMemory
    $program = Get-SameCAProgram -Question $Question
    $command = 'enforce'
    if ($Foresee) { $command = 'enforce --what-if' }
    $without = @{}
    $foreseen = @{}
    $first = $null
    $result = @{ Changed = $false; Failures = @(); Warnings = @() }
    $done = @()
    $own = @()
    $tried = @{}
    while ($true) {
        $made = New-SameCAQuestion -Given $Question -Without $without
        $request = $made['Request']
        if ($foreseen.Count -gt 0) { $request = New-SameCAForeseen -Request $request -Foreseen $foreseen }
        $answer = Invoke-SameCA -Command $command -Request $request @program
        $report = $answer.Report
        if ($null -eq $first) { $first = $report }
        $actions = @()
        if (Test-SameCAProperty $report 'actions') { $actions = @($report.actions) }
        if ((Test-SameCAProperty $report 'changed') -and $report.changed) { $result['Changed'] = $true }
        $installed = @($actions | Where-Object { -not (Test-SameCAProperty $_ 'by') -or $_.by -ne 'caller' })
        if ($Foresee) { $own = $installed } else { $own += $installed }
        $again = $false
        foreach ($action in $actions) {
            if (-not (Test-SameCAProperty $action 'by') -or $action.by -ne 'caller') { continue }
            $key = Get-SameCAKey $action
            # A choice that was carried out, and is made again, brings nothing about.
            if ($tried.ContainsKey("$key`n$($action.certificate)")) { continue }
            $tried["$key`n$($action.certificate)"] = $true
            $choice = @{ Action = $action; Request = $made['Request']; Place = $made['Places'][$key]; Credential = $made['Secret']; Foresee = $Foresee }
            $choice['Exportable'] = [bool](Get-SameCAGiven $Question 'Exportable')
            $outcome = Install-SameCAChoice @choice
            $result['Warnings'] += @($outcome['warnings'])
            if ($outcome['changed']) { $result['Changed'] = $true }
            if ($null -eq $outcome['failure']) {
                if ($outcome['changed']) { $done += $action }
                $foreseen[$key] = @{ action = $action; source = $outcome['source']; place = $made['Places'][$key] }
                $again = $true
                continue
            }
            # A key that was imported stays.
            if ($outcome['changed']) { $done += Copy-SameCAAction -Action $action -Name 'import' }
            $result['Failures'] += @{
                subject = $action.subject
                use = (Get-SameCAKey $action).Split("`n")[1]
                certificate = $action.certificate
                message = $outcome['failure'].Exception.Message
                record = $outcome['failure']
            }
            if ($outcome['hopeless']) { continue }
            $without[$key] = @($without[$key] | Where-Object { $_ }) + $action.certificate
            $again = $true
        }
        if (-not $again) { break }
        # What was carried out is there when it is asked again; it is only foreseen where nothing is touched.
        if (-not $Foresee) { $foreseen = @{} }
    }
    $rights = Set-SameCAKeyReader -Question $Question -Report $report -Places $made['Places'] -Foresee:$Foresee
    if ($rights['changed']) { $result['Changed'] = $true }
    $result['Failures'] += @($rights['failures'])
    $uses = @($done | Where-Object { $_.action -eq 'assign' -and (Test-SameCAProperty $_ 'use') } | ForEach-Object { $_.use })
    $names = @(foreach ($place in $made['Places'].Values) { if ($place['kind'] -eq 'lync') { $place['use'] } })
    if (-not $Foresee) { $uses = @() }
    return [pscustomobject]@{
        Report = $report
        Json = $answer.Json
        Request = $made['Request']
        First = $first
        Changed = $result['Changed']
        Done = @($own) + @($done)
        Failures = @($result['Failures'])
        Warnings = @($result['Warnings'])
        Restart = @(Get-SameCARestart -Use $names -Foreseen $uses)
        Granted = @($rights['granted'])
        Unreadable = @($rights['missing'])
    }
}

# How the program is started, of what is asked.
function Get-SameCAProgram {
    [OutputType([hashtable])]
    param([System.Collections.IDictionary] $Question)
    $program = @{}
    foreach ($name in 'BinaryPath', 'Timeout') {
        $value = Get-SameCAGiven $Question $name
        if ($value) { $program[$name] = $value }
    }
    return $program
}

# The candidates of a subject, as same-ca counts them: its own, then those of the whole request.
function Get-SameCACandidate {
    param([hashtable] $Request, $Subject)
    $key = Get-SameCAKey $Subject
    foreach ($entry in $Request['subjects']) {
        if ((Get-SameCAKey $entry) -eq $key -and $entry.ContainsKey('candidates')) { foreach ($one in $entry['candidates']) { $one } }
    }
    if ($Request.ContainsKey('candidates')) { foreach ($one in $Request['candidates']) { $one } }
}

# What opens a source, as a credential; where same-ca reads a file or a variable itself, the same is read here.
function Get-SameCASourceCredential {
    [OutputType([pscredential])]
    param([hashtable] $Source)
    $text = $null
    if ($Source.ContainsKey('password')) { $text = [string]$Source['password'] }
    elseif ($Source.ContainsKey('password_file')) {
        $path = $Source['password_file']
        try { $text = [System.IO.File]::ReadAllText($path).TrimStart([char]0xFEFF) -replace '(?s)\r?\n.*$', '' }
        catch {
            $why = $_.Exception.GetBaseException()
            Stop-SameCA -Id 'NotInstallable' -Category ReadError -Target $path -Message "failed to read password_file '$path': $($why.Message)" -Cause $why
        }
    }
    elseif ($Source.ContainsKey('password_env')) { $text = [System.Environment]::GetEnvironmentVariable($Source['password_env']) }
    if ($null -eq $text) { return $null }
    return ConvertTo-SameCACredential -Text $text
}

# An action under another name.
function Copy-SameCAAction {
    param([psobject] $Action, [string] $Name)
    $copy = New-Object -TypeName psobject
    foreach ($property in $Action.PSObject.Properties) { $copy | Add-Member -MemberType NoteProperty -Name $property.Name -Value $property.Value }
    $copy.action = $Name
    return $copy
}

# Carries out an assignment that same-ca chose: imports the chosen file where needed, and assigns a Lync use. To foresee, all is done but
# that. Returns whether anything changed, the certificate as a source, what was warned of, and what failed.
function Install-SameCAChoice {
    [OutputType([hashtable])]
    param(
        [psobject] $Action,
        [hashtable] $Request,
        [hashtable] $Place,
        [pscredential] $Credential,
        [bool] $Exportable,
        [bool] $Foresee
    )
    $outcome = @{ changed = $false; source = $null; warnings = @(); failure = $null; hopeless = $false }
    try {
        if ($null -eq $Place) {
            $words = "same-ca left '$($Action.subject)' to its caller, and it is no store and no Lync use; install it by hand"
            Stop-SameCA -Id 'NotInstallable' -Category NotImplemented -Target $Action.subject -Message $words
        }
        $where = @{ Location = $Place['location']; Store = $Place['store'] }
        $held = @(Read-SameCAStore @where | Where-Object { $_['sha256'] -eq $Action.certificate })
        $chosen = @(Get-SameCACandidate -Request $Request -Subject $Action)[$Action.candidate]
        if ($chosen -is [hashtable] -and $chosen.ContainsKey('der')) {
            if ($held.Count -eq 0) {
                $words = "the chosen certificate with SHA-256 $($Action.certificate) is not in $($where['Location'])\$($where['Store']), " +
                'and its private key cannot be moved there; give it as a PKCS#12 file'
                Stop-SameCA -Id 'NotInstallable' -Category ObjectNotFound -Target $Action.subject -Message $words
            }
            $thumbprint = $held[0]['thumbprint']
        }
        else {
            $import = @{ Path = $chosen; Credential = $Credential; Hash = $Action.certificate; Exportable = $Exportable; Foresee = $Foresee }
            if ($chosen -is [hashtable]) {
                $import['Path'] = $chosen['path']
                $import['Credential'] = Get-SameCASourceCredential -Source $chosen
                # A file that the task carries itself.
                if ($chosen.ContainsKey('pkcs12')) {
                    $import['Path'] = "candidate number $($Action.candidate + 1)"
                    $import['Content'] = [System.Convert]::FromBase64String(($chosen['pkcs12'] -replace '\s', ''))
                }
            }
            # Another certificate would not answer for the one that the subject names.
            $import['Only'] = $Place['thumbprint']
            $imported = Import-SameCACertificate @where @import
            $thumbprint = $imported.Thumbprint
            $outcome['changed'] = $imported.Changed
            if ($imported.Path) {
                $outcome['source'] = @{ path = $imported.Path }
                if ($import.ContainsKey('Content')) { $outcome['source'] = @{ pkcs12 = $chosen['pkcs12'] } }
                if ($null -ne $import['Credential']) { $outcome['source']['password'] = $import['Credential'].GetNetworkCredential().Password }
            }
        }
        if ($null -eq $outcome['source']) { $outcome['source'] = @(Get-SameCAStoreCertificate @where -Thumbprint $thumbprint -WithKey)[0] }
        if ($Place['kind'] -eq 'lync') {
            if (-not $Foresee) { $outcome['warnings'] = @(Set-SameCALyncAssignment -Use $Place['use'] -Thumbprint $thumbprint) }
            $outcome['changed'] = $true
        }
    }
    catch {
        $outcome['failure'] = $_
        # Without rights the next candidate would only be imported too, and not assigned either.
        $outcome['hopeless'] = 'PermissionDenied', 'SecurityError', 'AuthenticationError' -contains $_.CategoryInfo.Category
    }
    return $outcome
}

# Assigns a use, and looks whether it is: Set-CsCertificate may only warn where it failed. Returns its warnings.
function Set-SameCALyncAssignment {
    [OutputType([string])]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'the caller asks')]
    param([string] $Use, [string] $Thumbprint)
    $assign = @{ Type = $Use; Thumbprint = $Thumbprint; Confirm = $false; ErrorAction = 'Stop'; WarningAction = 'SilentlyContinue'; WarningVariable = 'said' }
    # This one is kept for the whole deployment, and Lync takes it to every Front End Server.
    if ($Use -eq 'OAuthTokenIssuer') { $assign['Identity'] = 'Global' }
    $said = @()
    try { $null = Set-CsCertificate @assign }
    catch {
        $why = $_
        $words = "Set-CsCertificate failed to assign $Thumbprint to lync:${Use}: $($why.Exception.Message); " +
        "it needs an account in RTCUniversalServerAdmins: give $(Get-SameCATerm 'run_as')"
        $category = 'WriteError'
        $base = $why.Exception.GetBaseException()
        if ($base -is [System.UnauthorizedAccessException] -or $base -is [System.Security.SecurityException]) { $category = 'PermissionDenied' }
        elseif ('PermissionDenied', 'SecurityError', 'AuthenticationError' -contains $why.CategoryInfo.Category) { $category = 'PermissionDenied' }
        Stop-SameCA -Id 'LyncFailed' -Category $category -Target "lync:$Use" -Message $words -Cause $why.Exception
    }
    $warnings = @($said | ForEach-Object { "Set-CsCertificate, lync:${Use}: $_" })
    $now = (Get-SameCALyncAssignment -Use $Use)['current']
    if ($now -ne $Thumbprint) {
        $words = "Set-CsCertificate did not assign $Thumbprint to lync:$Use, though it did not fail"
        if ($said.Count -gt 0) { $words += "; it warned: $(@($said | ForEach-Object { [string]$_ }) -join '; ')" }
        Stop-SameCA -Id 'LyncFailed' -Category WriteError -Target "lync:$Use" -Message $words
    }
    Save-SameCAAssignment -Use $Use
    $warnings
}

# The request as it would be after choices were carried out; nothing is touched.
function New-SameCAForeseen {
    [OutputType([hashtable])]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'builds a value, changes nothing')]
    param([hashtable] $Request, [hashtable] $Foreseen)
    $uses = @($Foreseen.Values | Where-Object { $_['place']['kind'] -eq 'lync' } | ForEach-Object { $_['place']['use'] })
    $subjects = @(foreach ($subject in $Request['subjects']) {
        # What was staged for a use is gone when the use is assigned.
        if ($subject.ContainsKey('effective_from') -and $subject.ContainsKey('use') -and $uses -contains $subject['use']) { continue }
        $key = Get-SameCAKey $subject
        if (-not $Foreseen.ContainsKey($key)) { $subject; continue }
        $next = $Foreseen[$key]
        $later = $subject.Clone()
        foreach ($gone in 'install', 'source', 'any_of') { $later.Remove($gone) }
        # A whole store keeps what it has.
        if ($next['place']['kind'] -eq 'store' -and -not $next['place']['thumbprint']) { $later['any_of'] = @($subject['any_of']) + @($next['source']) }
        else { $later['source'] = $next['source'] }
        $later
    })
    $later = $Request.Clone()
    $later['subjects'] = $subjects
    return $later
}

function Import-SameCACertificate {
    <#
    .SYNOPSIS
        Imports one certificate of a PKCS#12 file into a store, with its private key. Nothing else in the file is imported.
    .DESCRIPTION
        Does nothing if the store already has the certificate with a private key. Refuses a certificate without its private key, and a
        CA certificate.
    .PARAMETER Path
        The file, or a folder of which one file holds the certificate.
    .PARAMETER Credential
        Its password opens the file.
    .PARAMETER Hash
        SHA-256 of the certificate, in hex.
    .PARAMETER Location
        LocalMachine or CurrentUser.
    .PARAMETER Store
        The store's name.
    .PARAMETER Only
        The only thumbprint that is imported; any other is refused.
    .PARAMETER Content
        The file's bytes, where it is none of this machine; Path then is what messages call it.
    .PARAMETER Exportable
        Whether the private key may be exported again.
    .PARAMETER Foresee
        Imports nothing, and says what would be.
    .OUTPUTS
        An object of Thumbprint, Changed, and Path (the file, where one was read).
    .EXAMPLE
        Import-SameCACertificate -Path C:\new.pfx -Credential $pfx -Hash $sha256 -Location LocalMachine -Store My
    #>
    [CmdletBinding()]
    [OutputType([psobject])]
    param(
        [Parameter(Mandatory = $true)] [string] $Path,
        [pscredential] $Credential,
        [Parameter(Mandatory = $true)] [string] $Hash,
        [Parameter(Mandatory = $true)] [string] $Location,
        [Parameter(Mandatory = $true)] [string] $Store,
        [string] $Only,
        [byte[]] $Content,
        [switch] $Exportable,
        [switch] $Foresee
    )
    $refuse = { param($Words) Stop-SameCA -Id 'NotInstallable' -Category InvalidData -Target $Path -Message $Words }
    # By its hash, without opening the file: where a file names a key of this machine, opening and closing it could remove that key.
    foreach ($held in @(Read-SameCAStore -Location $Location -Store $Store)) {
        if ($held['sha256'] -ne $Hash) { continue }
        if (-not @(Get-SameCAStoreCertificate -Location $Location -Store $Store -Thumbprint $held['thumbprint'] -WithKey)[0]['private_key']) { continue }
        $thumbprint = $held['thumbprint']
        if ($Only -and $thumbprint -ne $Only) { & $refuse "$thumbprint was chosen, and the subject names $Only; name the whole store, or $thumbprint" }
        return [pscustomobject]@{ Thumbprint = $thumbprint; Changed = $false; Path = $null }
    }
    $opened = @{ Credential = $Credential }
    if ($null -eq $Content) { $opened['Path'] = Find-SameCAFile -Path $Path -Credential $Credential -Hash $Hash }
    else { $opened += @{ Path = $Path; Content = $Content } }
    $file = $opened['Path']
    $look = @(Open-SameCAFile @opened)
    try {
        $wanted = @($look | Where-Object { (Get-SameCASha256 $_.RawData) -eq $Hash })
        if ($wanted.Count -ne 1) { & $refuse "'$file' no longer holds the certificate with SHA-256 $Hash" }
        $thumbprint = $wanted[0].Thumbprint
        if ($Only -and $thumbprint -ne $Only) { & $refuse "'$file' would give $thumbprint, and the subject names $Only; name the whole store, or $thumbprint" }
        if (-not $wanted[0].HasPrivateKey) {
            & $refuse "'$file' holds $thumbprint without a private key that Windows can read; give it as a PKCS#12 file with its key"
        }
        foreach ($extension in $wanted[0].Extensions) {
            if ($extension -is [System.Security.Cryptography.X509Certificates.X509BasicConstraintsExtension] -and $extension.CertificateAuthority) {
                & $refuse "$thumbprint in '$file' is a CA certificate, and none is ever imported"
            }
        }
        # Importing would keep every key of the file.
        if (@($look | Where-Object { $_.HasPrivateKey }).Count -gt 1) {
            & $refuse "'$file' holds several private keys; give a file that holds the one of $thumbprint alone"
        }
    }
    # What was opened to look is closed before: it takes its keys with it, under whatever name they have.
    finally { foreach ($seen in $look) { $seen.Reset() } }
    if ($Foresee) { return [pscustomobject]@{ Thumbprint = $thumbprint; Changed = $true; Path = $file } }
    $flags = 'PersistKeySet'
    if ($Location -eq 'LocalMachine') { $flags += ', MachineKeySet' }
    if ($Exportable) { $flags += ', Exportable' }
    $chosen = @(Read-SameCAPkcs12 @opened -Flags $flags | Where-Object { $_.Thumbprint -eq $thumbprint })
    $open = New-Object -TypeName System.Security.Cryptography.X509Certificates.X509Store -ArgumentList $Store, $Location
    $denied = {
        param($Why, $Doing)
        $category = 'WriteError'
        if ($Why -is [System.UnauthorizedAccessException] -or $Why.HResult -eq 0x80070005) { $category = 'PermissionDenied' }
        Stop-SameCA -Id 'StoreNotWritten' -Category $category -Target "$Location\$Store" -Message "failed to ${Doing}: $($Why.Message)" -Cause $Why
    }
    try { $open.Open('ReadWrite, OpenExistingOnly') }
    catch { & $denied $_.Exception.GetBaseException() "open certificate store $Location\$Store for writing" }
    try { $open.Add($chosen[0]) }
    catch { & $denied $_.Exception.GetBaseException() "add $thumbprint to certificate store $Location\$Store" }
    finally { $open.Close() }
    # The store as it is now, without reading all of it again.
    $list = $script:Stores["$Location\$Store".ToLowerInvariant()]
    foreach ($old in @($list | Where-Object { $_['sha256'] -eq $Hash })) { $list.Remove($old) }
    $null = $list.Add((New-SameCAHeld -Certificate $chosen[0]))
    return [pscustomobject]@{ Thumbprint = $thumbprint; Changed = $true; Path = $file }
}

# The certificates of a PKCS#12 file; one written as Base64 text is one too.
function Read-SameCAPkcs12 {
    param([string] $Path, [pscredential] $Credential, [string] $Flags, [byte[]] $Content)
    $password = ''
    if ($null -ne $Credential) { $password = $Credential.GetNetworkCredential().Password }
    try {
        $bytes = $Content
        if ($null -eq $bytes) { $bytes = [System.IO.File]::ReadAllBytes($Path) }
        $bytes = ConvertFrom-SameCABase64 -Bytes $bytes
        $loader = 'System.Security.Cryptography.X509Certificates.X509CertificateLoader' -as [type]
        if ($null -ne $loader) { $all = $loader::LoadPkcs12Collection($bytes, $password, $Flags) }
        else {
            $all = New-Object System.Security.Cryptography.X509Certificates.X509Certificate2Collection
            $all.Import($bytes, $password, $Flags)
        }
    }
    catch {
        $why = $_.Exception.GetBaseException()
        $words = "failed to import PKCS#12 file '$Path': $($why.Message)"
        # ERROR_INVALID_PASSWORD: same-ca has opened the file with this password, so it is the file's encryption that Windows does not know.
        if ($why.HResult -eq 0x80070056) {
            $words += "; the password is right, for same-ca opened the file: Windows before Server 2019 does not read AES-256 in PKCS#12; " +
            "export it again with 'openssl pkcs12 -export -legacy'"
        }
        Stop-SameCA -Id 'Pkcs12NotRead' -Category ReadError -Target $Path -Message $words -Cause $why
    }
    foreach ($certificate in $all) { $certificate }
}

# Bytes, decoded where they are Base64 text.
function ConvertFrom-SameCABase64 {
    [OutputType([byte[]])]
    param([byte[]] $Bytes)
    # DER of a PKCS#12 file begins with a SEQUENCE; text of it begins with MI.
    if ($Bytes.Length -lt 4 -or $Bytes[0] -eq 0x30) { return , $Bytes }
    $text = [System.Text.Encoding]::ASCII.GetString($Bytes) -replace '-----[A-Z0-9 ]+-----', '' -replace '\s', '' -replace '^\?+', ''
    if ($text -notmatch '^[A-Za-z0-9+/]+=*$') { return , $Bytes }
    try { return , [System.Convert]::FromBase64String($text) } catch { return , $Bytes }
}

# What a file holds, to look: without PersistKeySet its keys are gone with the objects, and they come into the machine's place only in
# a session that cannot keep keys of its own, such as a network logon.
function Open-SameCAFile {
    param([string] $Path, [pscredential] $Credential, [byte[]] $Content)
    $opened = @{ Path = $Path; Credential = $Credential }
    if ($null -ne $Content) { $opened['Content'] = $Content }
    try { return Read-SameCAPkcs12 @opened -Flags 'UserKeySet' }
    catch { Write-Verbose "'$Path' is opened in the machine's place: $($_.Exception.Message)" }
    return Read-SameCAPkcs12 @opened -Flags 'MachineKeySet'
}

# The file itself, or the one of a folder that holds the certificate.
function Find-SameCAFile {
    [OutputType([string])]
    param([string] $Path, [pscredential] $Credential, [string] $Hash)
    if (-not (Test-Path -LiteralPath $Path -PathType Container)) { return $Path }
    $skipped = @()
    foreach ($file in @(Get-ChildItem -LiteralPath $Path | Where-Object { -not $_.PSIsContainer } | Sort-Object -Property Name)) {
        try { $look = @(Open-SameCAFile -Path $file.FullName -Credential $Credential) }
        catch {
            Write-Verbose "'$($file.Name)' is passed over: it is no PKCS#12 file that opens"
            $skipped += "$($file.Name): $($_.Exception.GetBaseException().Message)"
            continue
        }
        $fits = @($look | Where-Object { $_.HasPrivateKey -and (Get-SameCASha256 $_.RawData) -eq $Hash }).Count -gt 0
        foreach ($seen in $look) { $seen.Reset() }
        if ($fits) { return $file.FullName }
    }
    $words = "no PKCS#12 file in '$Path' that Windows opens holds the certificate with SHA-256 $Hash and its private key"
    if ($skipped.Count -gt 0) { $words += "; skipped: $(($skipped | Select-Object -First $script:MostPassedOver) -join '; ')" }
    if ($skipped.Count -gt $script:MostPassedOver) { $words += "; and $($skipped.Count - $script:MostPassedOver) more" }
    Stop-SameCA -Id 'NotInstallable' -Category InvalidData -Target $Path -Message $words
}

function Get-SameCASha256 {
    [OutputType([string])]
    param([byte[]] $Der)
    $hash = [System.Security.Cryptography.SHA256]::Create()
    try { return ([System.BitConverter]::ToString($hash.ComputeHash($Der)) -replace '-', '').ToLowerInvariant() }
    finally { $hash.Dispose() }
}

# Where accounts in KeyReader may not read the key of a subject's certificate: a finding of this module's own, because no report knows it.
function Get-SameCAKeyFault {
    [OutputType([hashtable])]
    param([System.Collections.IDictionary] $Question, [psobject] $Report, [hashtable] $Places)
    $readers = @(Get-SameCAGiven $Question 'KeyReader' | Where-Object { $null -ne $_ })
    if ($readers.Count -eq 0) { return }
    $sids = @(foreach ($reader in $readers) { @{ name = $reader; sid = Resolve-SameCAAccount -Name $reader } })
    foreach ($subject in $Report.subjects) {
        $place = $Places[(Get-SameCAKey $subject)]
        if ($null -eq $place -or $null -eq $subject.certificate) { continue }
        $held = @(Read-SameCAStore -Location $place['location'] -Store $place['store'] | Where-Object { $_['sha256'] -eq $subject.certificate.sha256 })
        if ($held.Count -eq 0) { continue }
        $path = Get-SameCAKeyPath -Certificate $held[0]['certificate']
        $allowed = @()
        if ($path) { $allowed = @(Get-SameCAKeyAccess -Path $path) }
        foreach ($reader in $sids) {
            if ($allowed -contains $reader['sid']) { continue }
            @{
                of = $subject.name
                code = 'key-reader-missing'
                severity = 'error'
                message = "$($reader['name']) may not read the private key of $($held[0]['thumbprint'])"
                reader = $reader
                path = $path
                thumbprint = $held[0]['thumbprint']
            }
        }
    }
}

# Lets those accounts read these keys, or says what would be.
function Set-SameCAKeyReader {
    [OutputType([hashtable])]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'the caller asks')]
    param([System.Collections.IDictionary] $Question, [psobject] $Report, [hashtable] $Places, [switch] $Foresee)
    $done = @{ changed = $false; failures = @(); missing = @(); granted = @() }
    # A certificate that does not keep the rule is not to be used: nobody is let to its key.
    foreach ($fault in @(Get-SameCAKeyFault -Question $Question -Report $Report -Places $Places)) {
        $subject = @($Report.subjects | Where-Object { $_.name -eq $fault['of'] })[0]
        if ($subject.status -ne 'compliant') { $done['missing'] += $fault; continue }
        try {
            if (-not $fault['path']) {
                $words = "$($fault['message']), and the key is in no file of this machine: let the account read it where it is kept"
                Stop-SameCA -Id 'KeyNotFound' -Category ObjectNotFound -Target $fault['thumbprint'] -Message $words
            }
            if (-not $Foresee) { Add-SameCAKeyAccess -Path $fault['path'] -Sid $fault['reader']['sid'] }
            $done['changed'] = $true
            $done['granted'] += "$($fault['reader']['name']): $($fault['thumbprint'])"
        }
        catch {
            $done['missing'] += $fault
            $done['failures'] += @{ subject = $fault['of']; use = ''; certificate = $subject.certificate.sha256; message = $_.Exception.Message; record = $_ }
        }
    }
    return $done
}

# An account's SID, whatever its name is in the language of this Windows.
function Resolve-SameCAAccount {
    [OutputType([string])]
    param([string] $Name)
    if (-not $Name.Trim()) {
        Stop-SameCA -Id 'BadOption' -Category InvalidArgument -Target 'KeyReaders' -Message "$(Get-SameCATerm 'key_readers') has an empty element; leave it out"
    }
    if ($Name -match '^S-1-\d+(-\d+)+$') { return $Name.ToUpperInvariant() }
    if ($script:WellKnown.ContainsKey($Name)) { return $script:WellKnown[$Name] }
    try {
        $account = New-Object -TypeName System.Security.Principal.NTAccount -ArgumentList $Name
        return $account.Translate([System.Security.Principal.SecurityIdentifier]).Value
    }
    catch {
        $words = "$(Get-SameCATerm 'key_readers') names '$Name', which is no account here: $($_.Exception.GetBaseException().Message); " +
        'write DOMAIN\account, or its SID'
        Stop-SameCA -Id 'BadOption' -Category ObjectNotFound -Target $Name -Message $words
    }
}

# The file that holds a private key; nothing where it is in none.
function Get-SameCAKeyPath {
    [OutputType([string])]
    param([System.Security.Cryptography.X509Certificates.X509Certificate2] $Certificate)
    $key = Open-SameCAPrivateKey -Certificate $Certificate
    if ($null -eq $key) { return '' }
    $name = ''
    switch ($key.GetType().Name) {
        'RSACryptoServiceProvider' { $name = $key.CspKeyContainerInfo.UniqueKeyContainerName }
        'RSACng' { $name = $key.Key.UniqueName }
        'ECDsaCng' { $name = $key.Key.UniqueName }
    }
    $key.Dispose()
    if (-not $name) { return '' }
    if ([System.IO.Path]::IsPathRooted($name) -and [System.IO.File]::Exists($name)) { return $name }
    foreach ($folder in 'Microsoft\Crypto\RSA\MachineKeys', 'Microsoft\Crypto\Keys', 'Microsoft\Crypto\SystemKeys') {
        $path = [System.IO.Path]::Combine([System.Environment]::GetFolderPath('CommonApplicationData'), $folder, $name)
        if ([System.IO.File]::Exists($path)) { return $path }
    }
    return ''
}

# The access list of a file: its owner and auditing are left alone.
function Get-SameCAAccessList {
    param([string] $Path)
    $file = New-Object -TypeName System.IO.FileInfo -ArgumentList $Path
    $extensions = 'System.IO.FileSystemAclExtensions' -as [type]
    if ($null -ne $extensions) { return $extensions::GetAccessControl($file, 'Access') }
    return $file.GetAccessControl('Access')
}

# SIDs of those who may read a key's file.
function Get-SameCAKeyAccess {
    [OutputType([string])]
    param([string] $Path)
    $list = Get-SameCAAccessList -Path $Path
    foreach ($rule in $list.GetAccessRules($true, $true, [System.Security.Principal.SecurityIdentifier])) {
        if ($rule.AccessControlType -eq 'Allow' -and ($rule.FileSystemRights -band [System.Security.AccessControl.FileSystemRights]::Read) -eq 'Read') {
            $rule.IdentityReference.Value
        }
    }
}

# Lets an account read a key's file.
function Add-SameCAKeyAccess {
    param([string] $Path, [string] $Sid)
    $list = Get-SameCAAccessList -Path $Path
    $who = New-Object -TypeName System.Security.Principal.SecurityIdentifier -ArgumentList $Sid
    $list.AddAccessRule((New-Object -TypeName System.Security.AccessControl.FileSystemAccessRule -ArgumentList $who, 'Read', 'Allow'))
    $file = New-Object -TypeName System.IO.FileInfo -ArgumentList $Path
    $extensions = 'System.IO.FileSystemAclExtensions' -as [type]
    if ($null -ne $extensions) { $extensions::SetAccessControl($file, $list) } else { $file.SetAccessControl($list) }
}

# When a use was assigned is kept as the time of a file: what has not been started since reads the old certificate.
function Save-SameCAAssignment {
    param([string] $Use)
    try {
        $null = [System.IO.Directory]::CreateDirectory($script:StateFolder)
        # Not empty: writing nothing over nothing need not touch the file's time.
        $text = [System.DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ', [System.Globalization.CultureInfo]::InvariantCulture)
        [System.IO.File]::WriteAllText([System.IO.Path]::Combine($script:StateFolder, "assigned-$Use"), $text)
    }
    catch { Write-Warning "which services need a restart will not be known: $($_.Exception.GetBaseException().Message)" }
}

function Get-SameCARestart {
    <#
    .SYNOPSIS
        The services that were started before the certificate of a Lync use was assigned, and so need a restart.
    .PARAMETER Use
        The uses, as Lync names them.
    .PARAMETER Foreseen
        Uses that would be assigned now: what runs would have been started before.
    .OUTPUTS
        Names of services.
    .EXAMPLE
        Get-SameCARestart -Use Default
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([string[]] $Use, [string[]] $Foreseen)
    # Services are Windows' own.
    if ($null -eq (Get-Command -Name Get-CimInstance -ErrorAction SilentlyContinue)) { return }
    $found = foreach ($each in @($Use | Where-Object { $_ } | Sort-Object -Unique)) {
        $mark = [System.IO.Path]::Combine($script:StateFolder, "assigned-$each")
        if ($Foreseen -contains $each) { $assigned = [System.DateTime]::MaxValue }
        elseif (Test-Path -LiteralPath $mark -PathType Leaf) { $assigned = [System.IO.File]::GetLastWriteTimeUtc($mark) }
        else { continue }
        $patterns = @('RTC*')
        if ($script:UsedBy.ContainsKey($each)) { $patterns = $script:UsedBy[$each] }
        foreach ($service in @(Get-CimInstance -ClassName Win32_Service -ErrorAction SilentlyContinue)) {
            # The agent for logs uses no certificate.
            if ($service.ProcessId -eq 0 -or $service.Name -eq 'RTCCLSAGT') { continue }
            if (@($patterns | Where-Object { $service.Name -like $_ }).Count -eq 0) { continue }
            $process = Get-Process -Id $service.ProcessId -ErrorAction SilentlyContinue
            if ($null -eq $process) { continue }
            $before = $true
            try { $before = $process.StartTime.ToUniversalTime() -lt $assigned }
            catch { Write-Verbose "when $($service.Name) was started may not be read; it is taken for older" }
            if ($before) { $service.Name }
        }
    }
    $found | Sort-Object -Unique
}

function Get-SameCAFinding {
    <#
    .SYNOPSIS
        The findings of a report in its order, each with what it is on.
    .PARAMETER Report
        The report.
    .OUTPUTS
        Findings with the property of: the name of a subject or member, or reference for the reference as a whole.
    .EXAMPLE
        Get-SameCAFinding -Report $answer.Report
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param([Parameter(Mandatory = $true)] [psobject] $Report)
    $whole = [pscustomobject]@{ name = 'reference'; findings = $Report.reference.findings }
    foreach ($entry in @($Report.reference.members) + @($whole) + @($Report.subjects)) {
        foreach ($finding in $entry.findings) {
            $told = @{}
            foreach ($property in $finding.PSObject.Properties) { $told[$property.Name] = $property.Value }
            $told['of'] = $entry.name
            if (Test-SameCAProperty $entry 'use') { $told['use'] = $entry.use }
            $told
        }
    }
}

function Get-SameCAReason {
    <#
    .SYNOPSIS
        What a verdict rests on: the findings, and for each certificate and candidate that was passed over, why.
    .PARAMETER Answer
        What Invoke-SameCACheck or Invoke-SameCAEnforce returned.
    .PARAMETER Severity
        Findings of these severities.
    .OUTPUTS
        Reasons: of, use, code, message and hint, in the words of the caller.
    .EXAMPLE
        Get-SameCAReason -Answer $answer -Severity 'error', 'doubt'
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Mandatory = $true)] [psobject] $Answer,
        [string[]] $Severity = @('error', 'doubt', 'warning')
    )
    foreach ($finding in @(Get-SameCAFinding -Report $Answer.Report)) {
        if ($Severity -notcontains $finding['severity']) { continue }
        $reason = @{ of = $finding['of']; use = ''; code = $finding['code']; message = $finding['message']; hint = '' }
        if ($finding.ContainsKey('use') -and $finding['of'] -ne "lync:$($finding['use'])") { $reason['use'] = $finding['use'] }
        if ($finding.ContainsKey('hint')) { $reason['hint'] = ConvertTo-SameCAWording -Text $finding['hint'] }
        if ($finding['code'] -eq 'private-key-missing') {
            $subject = @($Answer.Report.subjects | Where-Object { $_.name -eq $finding['of'] })
            if ($subject.Count -gt 0 -and $null -ne $subject[0].certificate) {
                $thumbprint = $subject[0].certificate.sha1.ToUpperInvariant()
                if ($script:KeyTrouble.ContainsKey($thumbprint)) { $reason['hint'] = $script:KeyTrouble[$thumbprint] }
            }
        }
        $reason
    }
    foreach ($subject in @($Answer.Report.subjects)) {
        if ($subject.status -eq 'compliant' -or -not (Test-SameCAProperty $subject 'passed_over')) { continue }
        $told = @(Get-SameCAPassedOver -Subject $subject -Request $Answer.Request)
        $told | Select-Object -First $script:MostPassedOver
        if ($told.Count -gt $script:MostPassedOver) {
            @{ of = $subject.name; use = ''; code = 'passed-over'; message = "and $($told.Count - $script:MostPassedOver) more"; hint = '' }
        }
    }
    foreach ($fault in $Answer.Unreadable) {
        @{ of = $fault['of']; use = ''; code = $fault['code']; message = $fault['message']; hint = (ConvertTo-SameCAWording -Text 'run enforce to let it') }
    }
}

# Why each certificate and candidate of a subject was passed over: first those whose password is wrong.
function Get-SameCAPassedOver {
    [OutputType([hashtable])]
    param([psobject] $Subject, [hashtable] $Request)
    $entries = @($Subject.passed_over | Where-Object { $null -ne $_ })
    $candidates = @(Get-SameCACandidate -Request $Request -Subject $Subject)
    # How many certificates each source has; a source may have thousands.
    $held = @{}
    foreach ($entry in $entries) { $held["$($entry.from) $($entry.index)"] += 1 }
    $made = @(foreach ($entry in $entries) {
        $source = $null
        $password = 'password'
        if ($entry.from -eq 'candidates') {
            $password = 'candidate_password'
            if ($entry.index -lt $candidates.Count) { $source = $candidates[$entry.index] }
        }
        $path = ''
        if ($source -is [string]) { $path = $source }
        elseif ($source -is [System.Collections.IDictionary] -and $source.Contains('path')) { $path = $source['path'] }
        $certificate = $null
        if (Test-SameCAProperty $entry 'certificate') { $certificate = $entry.certificate }
        # What a file carries to prove its certificate is no candidate.
        if ($path -and $null -ne $certificate -and (Test-SameCAProperty $certificate 'is_ca') -and $certificate.is_ca) {
            if ($held["$($entry.from) $($entry.index)"] -gt 1) { continue }
        }
        $label = @()
        if ($path) { $label += $path }
        if ($null -ne $certificate) { $label += $certificate.sha1.ToUpperInvariant() }
        if ($label.Count -eq 0) { $label += "number $($entry.index + 1)" }
        $findings = @($entry.findings | Where-Object { 'error', 'doubt' -contains $_.severity })
        if ($findings.Count -eq 0) { $findings = @($entry.findings) }
        if ($findings.Count -eq 0) { continue }
        $words = @($findings | ForEach-Object { $_.message }) -join '; '
        $hint = ''
        if (Test-SameCAProperty $findings[0] 'hint') { $hint = ConvertTo-SameCAWording -Text $findings[0].hint -Locked $password }
        $locked = $words -match '\bpassword\b'
        if ($locked) { $hint = "give it in $(Get-SameCATerm $password)" }
        $kind = 'certificate'
        if ($entry.from -eq 'candidates') { $kind = 'candidate' }
        @{ of = $Subject.name; use = ''; code = $findings[0].code; message = "$kind $($label -join ', '): $words"; hint = $hint; locked = $locked }
    })
    @($made | Where-Object { $_['locked'] }) + @($made | Where-Object { -not $_['locked'] })
}

function Save-SameCAReport {
    <#
    .SYNOPSIS
        Writes a report into a folder or share as HOST.NAME.json, whole or not at all.
    .DESCRIPTION
        A folder that cannot be written changes no verdict: it is warned of. A name that is long, or has capitals, gets a hash at its
        end, because file names are short, and Windows knows no capitals in them.
    .PARAMETER Folder
        The folder.
    .PARAMETER Requirement
        What the requirement is called.
    .PARAMETER Json
        The report.
    .EXAMPLE
        Save-SameCAReport -Folder \\files\reports -Requirement persistent-chat -Json $answer.Json
    #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true)] [string] $Folder,
        [Parameter(Mandatory = $true)] [string] $Requirement,
        [Parameter(Mandatory = $true)] [string] $Json
    )
    Assert-SameCAAbsolutePath -Path $Folder -Part 'report_path'
    $file = Get-SameCAReportName -Requirement $Requirement
    $target = [System.IO.Path]::Combine($Folder, $file)
    # Shorter than the report's own name.
    $new = [System.IO.Path]::Combine($Folder, ".$([System.Guid]::NewGuid().ToString('N')).new")
    try {
        [System.IO.File]::WriteAllText($new, "$Json`n", (New-Object System.Text.UTF8Encoding $false))
        if ([System.IO.File]::Exists($target)) { [System.IO.File]::Replace($new, $target, [System.Management.Automation.Language.NullString]::Value) }
        else { [System.IO.File]::Move($new, $target) }
    }
    catch {
        Write-Warning "the report could not be written to '$target': $($_.Exception.GetBaseException().Message)"
        try { [System.IO.File]::Delete($new) } catch { Write-Verbose "'$new' was left behind" }
    }
}

# The file of a requirement's report: each name has one of its own, and none leaves the folder.
function Get-SameCAReportName {
    [OutputType([string])]
    param([string] $Requirement)
    $name = Repair-SameCAText $Requirement
    $hostName = [System.Uri]::EscapeDataString((Get-SameCAHostName).ToLowerInvariant())
    $text = [System.Uri]::EscapeDataString($name) -replace '\*', '%2A'
    # With the host's, within the 255 of a file system; and what is cut need not end in half an escape.
    $long = $text.Length -gt 120
    if ($long) { $text = $text.Substring(0, 120) -replace '%.?$', '' }
    if ($long -or $name -cne $name.ToLowerInvariant()) {
        $text += '.' + (Get-SameCASha256 ([System.Text.Encoding]::UTF8.GetBytes($name))).Substring(0, 12)
    }
    return "$hostName.$text.json"
}

function ConvertTo-SameCATime {
    <#
    .SYNOPSIS
        A time as people write it, as the protocol takes it: RFC 3339 in UTC.
    .PARAMETER Text
        A time such as 2026-11-20T00:00:00+01:00 or 20261120000000Z, or one relative to now such as -1h or +3w2d.
    .PARAMETER Option
        What it was given for.
    .OUTPUTS
        The time.
    .EXAMPLE
        ConvertTo-SameCATime -Text -1h -Option collected_at
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory = $true)] $Text, [string] $Option)
    $culture = [System.Globalization.CultureInfo]::InvariantCulture
    $form = 'yyyy-MM-ddTHH:mm:ssZ'
    if ($Text -is [System.DateTime]) { return $Text.ToUniversalTime().ToString($form, $culture) }
    $given = ([string]$Text).Trim()
    if ($given -match '^([+-])((\d{1,9}[wdhms])+)$') {
        $sign = 1
        if ($Matches[1] -eq '-') { $sign = -1 }
        $seconds = [double]0
        $units = @{ w = 604800; d = 86400; h = 3600; m = 60; s = 1 }
        foreach ($step in [regex]::Matches($Matches[2], '(\d+)([wdhms])')) { $seconds += [double]$step.Groups[1].Value * $units[$step.Groups[2].Value] }
        try { return [System.DateTime]::UtcNow.AddSeconds($sign * $seconds).ToString($form, $culture) }
        catch { Stop-SameCA -Id 'BadOption' -Category InvalidArgument -Target $Option -Message "${Option}: $given is too far away" }
    }
    $at = [System.DateTimeOffset]::MinValue
    $styles = [System.Globalization.DateTimeStyles]'AssumeUniversal, AdjustToUniversal'
    $digits = [string[]]@('yyyyMMddHHmmss', 'yyMMddHHmmss')
    if ($given -match '^\d{12}(\d\d)?Z$' -and [System.DateTimeOffset]::TryParseExact($given.TrimEnd('Z'), $digits, $culture, $styles, [ref]$at)) {
        return $at.UtcDateTime.ToString($form, $culture)
    }
    if ($given -match '^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)?$') {
        $zone = 'Z'
        if ($Matches.ContainsKey(4)) { $zone = $Matches[4].ToUpperInvariant() }
        $plain = "$($Matches[1])T$($Matches[2])$zone" -replace 'Z$', '+00:00'
        if ([System.DateTimeOffset]::TryParseExact($plain, 'yyyy-MM-ddTHH:mm:sszzz', $culture, $styles, [ref]$at)) {
            return $at.UtcDateTime.ToString($form, $culture)
        }
        Stop-SameCA -Id 'BadOption' -Category InvalidArgument -Target $Option -Message "${Option}: there is no such time: $given"
    }
    $words = "${Option}: expected a time such as 2026-11-20T00:00:00Z, 20261120000000Z or +3w, and not '$given'"
    Stop-SameCA -Id 'BadOption' -Category InvalidArgument -Target $Option -Message $words
}

function ConvertTo-SameCADocument {
    <#
    .SYNOPSIS
        A reference document in the form that New-SameCARequest takes: the document itself, its text, its path, or what a task registered.
    .PARAMETER Value
        The document, in any of these forms.
    .OUTPUTS
        A hashtable with ReferencePath or ReferenceDocument; an empty one where nothing was given.
    .EXAMPLE
        ConvertTo-SameCADocument -Value C:\ProgramData\same-ca\lync-internal.reference.json
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param($Value)
    if ($null -eq $Value -or ($Value -is [string] -and -not $Value)) { return @{} }
    $refuse = {
        param($Words)
        Stop-SameCA -Id 'BadOption' -Category InvalidArgument -Target 'reference_document' -Message "$(Get-SameCATerm 'reference_document'): $Words"
    }
    if ($Value -is [string] -and $Value.TrimStart().StartsWith('{')) {
        $read = ConvertFrom-SameCAAnswer -Text $Value
        if ($null -ne $read) {
            $Value = @{}
            foreach ($property in $read.PSObject.Properties) { $Value[$property.Name] = $property.Value }
        }
    }
    if ($Value -is [string]) {
        if ($Value -match '^\s*[\[{]|\n') { & $refuse 'this text is no JSON of a reference document' }
        return @{ ReferencePath = $Value }
    }
    if ($Value -isnot [System.Collections.IDictionary]) { & $refuse 'expected the document itself, or its path' }
    # What the module same_ca_reference returns, given whole.
    $document = Get-SameCAGiven $Value 'document'
    if ($null -eq (Get-SameCAGiven $Value 'members') -and $null -ne $document) { $Value = ConvertFrom-SameCAObject -Value $document }
    # Not through a function, which would give a list of one member as that member.
    if (@($Value.Keys) -notcontains 'members' -or $Value['members'] -isnot [System.Collections.IList]) {
        & $refuse 'this is no reference document, as it has no members'
    }
    return @{ ReferenceDocument = $Value }
}

# An object of ConvertFrom-Json as a dictionary of its properties; anything else but a dictionary as an empty one.
function ConvertFrom-SameCAObject {
    [OutputType([System.Collections.IDictionary])]
    param($Value)
    if ($Value -is [System.Collections.IDictionary]) { return $Value }
    $table = @{}
    if ($Value -is [System.Management.Automation.PSCustomObject]) {
        foreach ($property in $Value.PSObject.Properties) { $table[$property.Name] = $property.Value }
    }
    return $table
}

function Remove-SameCATime {
    <#
    .SYNOPSIS
        A report without the times of its run, so that the reports of two runs are the same where nothing else is different.
    .PARAMETER Json
        The report, as it was written.
    .OUTPUTS
        The report.
    .EXAMPLE
        Remove-SameCATime -Json $answer.Json
    #>
    [CmdletBinding()]
    [OutputType([string])]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'changes a text')]
    param([Parameter(Mandatory = $true)] [string] $Json)
    # They stand once each, before anything that comes from certificates; within a text the quotes would be escaped.
    foreach ($name in 'collected_at', 'valid_at') {
        $Json = ([regex]('"{0}"\s*:\s*"[^"]*"\s*,\s*' -f $name)).Replace($Json, '', 1)
    }
    return $Json
}

function Add-SameCAFlag {
    <#
    .SYNOPSIS
        Makes a property that is true or false refuse everything else, and take these two also as words.
    .PARAMETER InputObject
        The object.
    .PARAMETER Name
        The property.
    .EXAMPLE
        Add-SameCAFlag -InputObject $this -Name KeyExportable
    #>
    [CmdletBinding()]
    param([Parameter(Mandatory = $true)] $InputObject, [Parameter(Mandatory = $true)] [string] $Name)
    $read = { $this.PSBase.$Name }.GetNewClosure()
    $write = {
        param($Value)
        if ($Value -is [string] -and 'true', 'false' -contains $Value) { $Value = $Value -eq 'true' }
        if ($Value -isnot [bool]) { throw "$Name is true or false, and not '$Value'" }
        $this.PSBase.$Name = $Value
    }.GetNewClosure()
    $InputObject.PSObject.Properties.Add((New-Object -TypeName System.Management.Automation.PSScriptProperty -ArgumentList $Name, $read, $write))
}

function ConvertTo-SameCAArgument {
    <#
    .SYNOPSIS
        Makes of the arguments of an Ansible task what its options take: lists of single strings, and subjects of strings. In place.
    .PARAMETER Arguments
        The arguments, as Ansible hands them over.
    .EXAMPLE
        ConvertTo-SameCAArgument -Arguments $complex_args
    #>
    [CmdletBinding()]
    param([Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Arguments)
    foreach ($name in @($Arguments.Keys)) { $Arguments[$name] = ConvertTo-SameCAText -Value $Arguments[$name] }
    $script:Withheld = @{}
    Hide-SameCAUnknown -Given $Arguments -Kind task
    foreach ($name in 'reference', 'pinned_keys', 'candidates', 'authorities', 'intermediates', 'key_readers', 'subjects', 'subject', 'sources') {
        if ($Arguments.Keys -notcontains $name -or $null -eq $Arguments[$name]) { continue }
        $list = @(ConvertTo-SameCAListArgument -List $Arguments[$name])
        if ($name -like 'subject*' -or $name -eq 'reference') { $list = @(foreach ($item in $list) { ConvertTo-SameCANamedArgument -Named $item }) }
        elseif ('candidates', 'authorities', 'intermediates', 'sources' -contains $name) {
            $list = @(foreach ($item in $list) { ConvertTo-SameCASourceArgument -Source $item })
        }
        $Arguments[$name] = $list
    }
    if ($Arguments.Keys -notcontains 'policy') { return }
    $policy = ConvertFrom-SameCAText -Value $Arguments['policy']
    if ($policy -isnot [System.Collections.IDictionary]) { return }
    # Read here, its times are still the text that they were.
    $Arguments['policy'] = $policy
    Hide-SameCAUnknown -Given $policy -Kind policy
    if ($null -eq (Get-SameCAGiven $policy 'distrust')) { return }
    $policy['distrust'] = @(foreach ($item in (ConvertTo-SameCAListArgument -List $policy['distrust'])) { ConvertTo-SameCASourceArgument -Source $item })
}

# Puts something else in the place of secrets, and of what stands behind words that are no options. In place.
function Hide-SameCAUnknown {
    param($Given, [string] $Kind)
    if ($Given -isnot [System.Collections.IDictionary]) { return }
    foreach ($key in @($Given.Keys)) {
        if ($null -eq $Given[$key] -or $key -like '_ansible*') { continue }
        if ($script:Known[$Kind] -notcontains $key) { $Given[$key] = '<withheld>' }
        elseif ('privatekey_passphrase', 'password', 'candidate_passphrase', 'pkcs12' -contains $key -and "$($Given[$key])" -ne '') {
            $token = "<withheld $($script:Withheld.Count)>"
            $script:Withheld[$token] = [string]$Given[$key]
            $Given[$key] = $token
        }
    }
}

# What is behind what stands for a secret; anything else as it is.
function Get-SameCASecret {
    param([System.Collections.IDictionary] $Given, [string] $Name)
    $value = Get-SameCAGiven $Given $Name
    if ($value -is [string] -and $script:Withheld.ContainsKey($value)) { return $script:Withheld[$value] }
    return $value
}

# The elements of a list that may be one element, or its JSON text; a string is not split at its commas.
function ConvertTo-SameCAListArgument {
    param($List)
    if ($List -is [string] -and $List.TrimStart().StartsWith('[')) {
        # In a table, because of an array of one nothing but its element would come back.
        $read = ConvertFrom-SameCAAnswer -Text "{`"list`":$List}"
        if ($null -ne $read) { $List = (ConvertTo-SameCATable -Value $read)['list'] }
    }
    if ($List -is [System.Collections.IDictionary]) { return $List }
    # An array, or a list of .NET's, of which @() makes an error.
    foreach ($item in $List) { $item }
}

# Times as the text that they were: PowerShell 7 makes DateTime objects of them on the way here.
function ConvertTo-SameCAText {
    param($Value)
    if ($Value -is [System.DateTime]) { return ConvertTo-SameCATime -Text $Value }
    if ($Value -is [System.Collections.IDictionary]) {
        foreach ($key in @($Value.Keys)) { $Value[$key] = ConvertTo-SameCAText -Value $Value[$key] }
        return $Value
    }
    if ($Value -is [System.Collections.IList] -and $Value -isnot [string]) {
        for ($index = 0; $index -lt $Value.Count; $index++) { $Value[$index] = ConvertTo-SameCAText -Value $Value[$index] }
        return , $Value
    }
    return $Value
}

# One subject or member, as the option takes it.
function ConvertTo-SameCANamedArgument {
    param($Named)
    $Named = ConvertFrom-SameCAText -Value $Named
    if ($Named -is [string]) { return @{ name = $Named; source = @{ spec = $Named } } }
    if ($Named -isnot [System.Collections.IDictionary]) { return $Named }
    $made = @{}
    foreach ($key in @($Named.Keys)) { $made[$key] = $Named[$key] }
    Hide-SameCAUnknown -Given $made -Kind named
    if ($null -ne $made['install']) {
        $place = ConvertFrom-SameCAText -Value $made['install']
        Hide-SameCAUnknown -Given $place -Kind install
        if ($place -is [System.Collections.IDictionary]) { $made['install'] = $place }
    }
    foreach ($key in 'source', 'authority') {
        if ($null -ne $made[$key]) { $made[$key] = ConvertTo-SameCASourceArgument -Source $made[$key] }
    }
    foreach ($key in 'any_of', 'candidates') {
        if ($null -eq $made[$key]) { continue }
        $made[$key] = @(foreach ($item in (ConvertTo-SameCAListArgument -List $made[$key])) { ConvertTo-SameCASourceArgument -Source $item })
    }
    return $made
}

# One source, as the option takes it. A private key is not kept: it would be logged, and Windows does without.
function ConvertTo-SameCASourceArgument {
    param($Source)
    $Source = ConvertFrom-SameCAText -Value $Source
    if ($Source -is [string]) {
        # What begins like an object and is none may hold anything.
        if ($Source -match '^\s*[{\[]') { $Source = '<withheld: it begins as a dictionary and is none>' }
        return @{ spec = $Source }
    }
    if ($Source -isnot [System.Collections.IDictionary]) { return $Source }
    $made = @{}
    foreach ($key in @($Source.Keys)) { $made[$key] = $Source[$key] }
    Hide-SameCAUnknown -Given $made -Kind source
    Hide-SameCAUnknown -Given $made['tls'] -Kind tls
    foreach ($key in @($made.Keys)) {
        if ('content', 'pem' -contains $key -and $made[$key] -is [string]) {
            $made[$key] = $made[$key] -replace '(?s)-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----.*?(-----END \1-----|\z)\s*', ''
        }
    }
    return $made
}

# An object that came as its JSON text, or as words such as path=C:\x password=y, as Ansible takes it for one.
function ConvertFrom-SameCAText {
    param($Value)
    if ($Value -isnot [string]) { return $Value }
    if ($Value -notmatch '\n' -and $Value -match "(?:^|[\s,])(?:$($script:Words))\s*=") {
        $words = @{}
        foreach ($word in $Value.Trim() -split '[\s,]+(?=\w+\s*=)') {
            $key, $text = $word -split '=', 2
            $words[$key.Trim()] = "$text".Trim()
        }
        return $words
    }
    if (-not $Value.TrimStart().StartsWith('{')) { return $Value }
    $read = ConvertFrom-SameCAAnswer -Text $Value
    if ($null -eq $read) { return $Value }
    return ConvertTo-SameCATable -Value $read
}

# What ConvertFrom-Json makes, as hashtables and arrays.
function ConvertTo-SameCATable {
    param($Value)
    if ($Value -is [System.Management.Automation.PSCustomObject]) {
        $table = @{}
        foreach ($property in $Value.PSObject.Properties) { $table[$property.Name] = ConvertTo-SameCATable -Value $property.Value }
        return $table
    }
    if ($Value -is [array]) { return , @(foreach ($item in $Value) { ConvertTo-SameCATable -Value $item }) }
    return $Value
}

function ConvertTo-SameCAQuestion {
    <#
    .SYNOPSIS
        What an Ansible task asks, as Invoke-SameCACheck and Invoke-SameCAEnforce take it.
    .PARAMETER Params
        The task's parameters.
    .OUTPUTS
        The question.
    .EXAMPLE
        Invoke-SameCACheck -Question (ConvertTo-SameCAQuestion -Params $module.Params)
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param([Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Params)
    $names = @{
        requirement = 'Requirement'
        host = 'HostName'
        node = 'Node'
        reference = 'Reference'
        pinned_keys = 'PinnedKey'
        candidates = 'Candidate'
        authorities = 'Authority'
        intermediates = 'Intermediate'
        key_exportable = 'Exportable'
        key_readers = 'KeyReader'
        replace_staged = 'ReplaceStaged'
        set_oauth_token_issuer = 'SetOAuthTokenIssuer'
        binary_path = 'BinaryPath'
        timeout = 'Timeout'
    }
    $question = @{}
    foreach ($name in $names.Keys) {
        $value = Get-SameCAGiven $Params $name
        if ($null -ne $value) { $question[$names[$name]] = $value }
    }
    $question['Subject'] = @(foreach ($entry in (Get-SameCAGiven $Params 'subjects')) { Get-SameCAShort -Named $entry })
    if ($question.ContainsKey('Reference')) {
        $question['Reference'] = @(foreach ($entry in $question['Reference']) { Get-SameCAShort -Named $entry })
    }
    foreach ($pair in @('privatekey_passphrase', 'SubjectCredential'), @('candidate_passphrase', 'CandidateCredential')) {
        $secret = Get-SameCASecret $Params $pair[0]
        if ($secret) { $question[$pair[1]] = ConvertTo-SameCACredential -Text $secret }
    }
    $collected = Get-SameCAGiven $Params 'collected_at'
    if ($collected) { $question['CollectedAt'] = ConvertTo-SameCATime -Text $collected -Option 'collected_at' }
    $document = ConvertTo-SameCADocument -Value (Get-SameCAGiven $Params 'reference_document')
    foreach ($name in $document.Keys) { $question[$name] = $document[$name] }
    $policy = Get-SameCAGiven $Params 'policy'
    if ($null -ne $policy) {
        $rules = @{}
        foreach ($key in @($policy.Keys)) { $rules[$key] = $policy[$key] }
        $day = Get-SameCAGiven $rules 'valid_at'
        if ($day) { $rules['valid_at'] = ConvertTo-SameCATime -Text $day -Option 'policy.valid_at' }
        foreach ($key in 'names', 'extended_key_usage') {
            if ($rules.ContainsKey($key) -and $rules[$key] -is [string]) { $rules[$key] = @($rules[$key] -split ',' | ForEach-Object { $_.Trim() }) }
        }
        $question['Policy'] = $rules
    }
    return $question
}

# A subject or member that was given as a string, as that string; any other as it is.
function Get-SameCAShort {
    param($Named)
    if ($Named -isnot [System.Collections.IDictionary]) { return $Named }
    $given = @($Named.Keys | Where-Object { $null -ne $Named[$_] })
    $source = Get-SameCAGiven $Named 'source'
    if ($given.Count -ne 2 -or $source -isnot [System.Collections.IDictionary]) { return $Named }
    $spec = Get-SameCAGiven $source 'spec'
    if ($null -ne $spec -and $spec -ceq $Named['name']) { return $spec }
    return $Named
}

# A credential of a passphrase; the user name is not used.
function ConvertTo-SameCACredential {
    [OutputType([pscredential])]
    param([string] $Text)
    $secret = New-Object -TypeName System.Security.SecureString
    foreach ($letter in $Text.ToCharArray()) { $secret.AppendChar($letter) }
    return New-Object -TypeName System.Management.Automation.PSCredential -ArgumentList 'pfx', $secret
}

function Get-SameCAMessage {
    <#
    .SYNOPSIS
        The verdict in one sentence, and where the rule is not kept what it rests on, and what failed.
    .PARAMETER Answer
        What Invoke-SameCACheck or Invoke-SameCAEnforce returned.
    .OUTPUTS
        The message.
    .EXAMPLE
        Get-SameCAMessage -Answer $answer
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory = $true)] [psobject] $Answer)
    $message = $Answer.Report.message
    if ($Answer.Report.status -eq 'compliant' -and $Answer.Unreadable.Count -eq 0) { return $message }
    $why = @(foreach ($reason in @(Get-SameCAReason -Answer $Answer -Severity 'error', 'doubt')) {
        $words = "$($reason['of'])"
        if ($reason['use']) { $words += " ($($reason['use']))" }
        $words += ": $($reason['code']): $($reason['message'])"
        if ($reason['hint']) { $words += " [$($reason['hint'])]" }
        $words
    })
    if (Test-SameCAProperty $Answer 'Failures') { $why += @($Answer.Failures | ForEach-Object { "$($_['subject']): $($_['message'])" }) }
    # Behind its first colon the message repeats the first of the findings.
    if ($why.Count -gt 0) { $message = "$(($message -split ': ')[0]): $($why -join '; ')" }
    return $message
}

Export-ModuleMember -Function @(
    'Invoke-SameCA', 'New-SameCARequest', 'Get-SameCACertificate', 'Invoke-SameCACheck', 'Invoke-SameCAEnforce', 'Import-SameCACertificate',
    'Get-SameCARestart', 'Get-SameCAFinding', 'Get-SameCAReason', 'Save-SameCAReport', 'Test-SameCAProperty', 'Assert-SameCAAbsolutePath', 'Set-SameCACaller',
    'ConvertTo-SameCATime', 'ConvertTo-SameCADocument', 'Remove-SameCATime', 'Add-SameCAFlag', 'Stop-SameCA',
    'ConvertTo-SameCAArgument', 'ConvertTo-SameCAQuestion', 'Get-SameCAMessage'
)
