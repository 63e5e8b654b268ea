@echo off
rem Starts Glia on Windows; builds it first where that is needed. The comments of the file glia, which does the same on
rem Linux and macOS, explain it.
setlocal EnableExtensions DisableDelayedExpansion
set "home=%~dp0"
set "home=%home:~0,-1%"
set "lib=%home%\lib"

set "jdk="
call :use_jdk "%JAVA_HOME%"
if not defined jdk if exist "%lib%\jdk" for /f "usebackq delims=" %%d in ("%lib%\jdk") do call :use_jdk "%%d"
if not defined jdk call :search_jdk
if not defined jdk (
    >&2 echo glia: no JDK 25 or later found. Install it with:
    >&2 echo   winget install EclipseAdoptium.Temurin.25.JDK
    >&2 echo Or take it from https://adoptium.net and set JAVA_HOME to its folder.
    exit /b 6
)

call :is_built
if errorlevel 1 call :build
if errorlevel 1 exit /b 6

rem The first word that is not an option decides the kind.
set "kind=light"
for %%w in (%*) do call :look_at "%%~w"
if not defined known set "known=none"
for %%k in (chat run tokenize inspect show attention lens steer embed rerank fill-mask
    perplexity bench plan check convert new train eval quantize merge reason align classify transcribe speak draw
    corpus serve mcp pull download remove rm) do if "%known%"=="%%k" set "kind=vector"

set options=-XX:+UseSerialGC -XX:-UsePerfData -XX:+DisplayVMOutputToStderr -Xlog:disable
set options=%options% -XX:ErrorFile="%lib%\crash-%%p.log"
if %kind%==light set options=%options% -XX:TieredStopAtLevel=1
if %kind%==vector set options=%options% --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED
set "classpath="
for /f "usebackq delims=" %%j in ("%lib%\%build%\classpath") do call set "classpath=%%classpath%%;%lib%\%build%\%%j"
set "classpath=%classpath:~1%"
set "base=%classpath%"
set "server="
for %%k in (serve mcp load keys plan chat) do if "%known%"=="%%k" set "server=yes"
if defined server if exist "%lib%\%build%\classpath.server" (
    for /f "usebackq delims=" %%j in ("%lib%\%build%\classpath.server") do (
        call set "classpath=%%classpath%%;%lib%\%build%\%%j"
    )
)
set "cache=%lib%\%build%\%jdk_key%.%kind%"
if not exist "%cache%.made" call :make_cache
if exist "%cache%.aot" set options=%options% -XX:AOTCache="%cache%.aot"
"%jdk%\bin\java.exe" %options% -cp "%classpath%" glia.cli.Main %*
set "result=%errorlevel%"
rem 1 is the exit code of a failed comparison, and of a JVM that does not start: that is 6.
if %result%==1 if not "%known%"=="check" set "result=6"
exit /b %result%

rem Sets jdk and jdk_key if the folder holds a JDK 25 or later.
:use_jdk
if "%~1"=="" exit /b 0
if defined jdk exit /b 0
if not exist "%~1\release" exit /b 0
if not exist "%~1\bin\javac.exe" exit /b 0
set "version=0"
set "runtime=unknown"
for /f "usebackq tokens=1,* delims==" %%a in ("%~1\release") do (
    if "%%a"=="JAVA_VERSION" for /f "delims=.-+" %%v in ("%%~b") do set "version=%%v"
    if "%%a"=="JAVA_RUNTIME_VERSION" set "runtime=%%~b"
)
if %version% LSS 25 exit /b 0
set "jdk=%~1"
set "jdk_key=%runtime%"
exit /b 0

:search_jdk
for %%j in (java.exe) do if not "%%~$PATH:j"=="" for %%d in ("%%~dp$PATH:j..") do call :use_jdk "%%~fd"
for %%r in ("%ProgramFiles%\Eclipse Adoptium" "%ProgramFiles%\Java" "%ProgramFiles%\Microsoft" "%ProgramFiles%\Zulu"
    "%ProgramFiles%\Amazon Corretto" "%ProgramFiles%\BellSoft" "%ProgramFiles%\OpenJDK" "%USERPROFILE%\.jdks"
    "%USERPROFILE%\scoop\apps") do for /d %%d in ("%%~r\*") do call :use_jdk "%%~d"
if not defined jdk exit /b 0
if not exist "%lib%" mkdir "%lib%"
>"%lib%\jdk" echo %jdk%
exit /b 0

rem Succeeds if lib holds a build of the sources as they are: lib\sources is a copy of those that were built.
rem Files of more than 10 MB are skipped: they may be models.
:is_built
if not exist "%lib%\current" exit /b 1
set /p build=<"%lib%\current"
if not exist "%lib%\%build%\classpath" exit /b 1
if not exist "%home%\pom.xml" exit /b 0
robocopy "%home%" "%lib%\sources" /S /PURGE /XD target lib test docs launch .* /MAX:9999999 /L /NJH /NJS /NDL /NFL >nul
exit /b %errorlevel%

:build
set "maven="
for %%m in ("%MAVEN_HOME%\bin\mvn.cmd" "%M2_HOME%\bin\mvn.cmd") do if exist "%%~m" set "maven=%%~m"
for %%m in (mvn.cmd) do if not defined maven if not "%%~$PATH:m"=="" set "maven=%%~$PATH:m"
if not defined maven (
    >&2 echo glia: no Maven found, which the build needs. Install it with one of:
    >&2 echo   scoop install maven
    >&2 echo   choco install maven
    >&2 echo Or take it from https://maven.apache.org and set MAVEN_HOME to its folder.
    exit /b 1
)
if not exist "%lib%" mkdir "%lib%"
set /a waited=0
:lock
mkdir "%lib%\.lock" 2>nul && goto locked
if %waited%==0 >&2 echo glia: another process is building; waiting for it (if none is, delete %lib%\.lock)
set /a waited+=1
ping -n 2 127.0.0.1 >nul
goto lock
:locked
if %waited% GTR 0 call :is_built && (rmdir "%lib%\.lock" & exit /b 0)
>&2 echo glia: building (the first build downloads libraries) ...
set "new=%RANDOM%%RANDOM%"
rem After a build that failed or was broken off, Maven's files are made anew.
set "clean="
if exist "%lib%\.unfinished" set "clean=clean"
type nul >"%lib%\.unfinished"
robocopy "%home%" "%lib%\sources" /S /PURGE /XD target lib test docs launch .* /MAX:9999999 >nul
setlocal
set "JAVA_HOME=%jdk%"
pushd "%home%"
call "%maven%" -B -ntp -pl cli -am %clean% package -Dmaven.test.skip=true >"%lib%\build.log" 2>&1
set "result=%errorlevel%"
popd
endlocal & set "result=%result%"
if not %result%==0 goto failed
mkdir "%lib%\%new%"
copy /y "%home%\cli\target\glia-cli-*.jar" "%lib%\%new%" >nul
copy /y "%home%\cli\target\lib\*.jar" "%lib%\%new%" >nul
set "jars="
for %%j in ("%lib%\%new%\*.jar") do call set jars=%%jars%% "%%j"
for %%c in ("%home%\cli\target\glia-cli-*.jar") do (
    "%jdk%\bin\java.exe" -cp "%%c" glia.cli.build.ClassModernizer %jars% >>"%lib%\build.log" 2>&1
)
dir /b "%lib%\%new%\glia-*.jar" >"%lib%\%new%\classpath"
rem launch/build.sh has the same list.
set "server_jars=helidon- micrometer- prometheus- HdrHistogram- LatencyUtils- mcp- reactor- reactive-streams- slf4j-"
set "server_jars=%server_jars% json-schema-validator- itu- jackson-dataformat-yaml- jspecify-"
set "server_jars=%server_jars% hipparchus- jackson-dataformat-csv-"
set "server_jars=%server_jars% markdown-it- dompurify- katex- highlightjs-"
dir /b "%lib%\%new%\*.jar" | findstr /v /b "glia- %server_jars%" >>"%lib%\%new%\classpath"
dir /b "%lib%\%new%\*.jar" | findstr /b "%server_jars%" >"%lib%\%new%\classpath.server"
>"%lib%\current" echo %new%
del "%lib%\.unfinished"
set "build=%new%"
rmdir "%lib%\.lock"
exit /b 0
:failed
rmdir "%lib%\.lock"
>&2 echo glia: the build failed; see %lib%\build.log:
>&2 findstr /b /c:"[ERROR] " "%lib%\build.log"
exit /b 1

:make_cache
"%jdk%\bin\java.exe" %options% -cp "%base%" -XX:AOTCacheOutput="%cache%.new" glia.cli.AotCacheRun %kind% >nul 2>&1
if exist "%cache%.new" move /y "%cache%.new" "%cache%.aot" >nul
type nul >"%cache%.made"
exit /b 0

:look_at
if defined known exit /b 0
set "word=%~1"
if "%word%"=="models" exit /b 0
if not "%word:~0,1%"=="-" set "known=%word%"
exit /b 0
