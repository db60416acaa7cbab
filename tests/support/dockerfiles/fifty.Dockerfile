# escape=`
FROM mcr.microsoft.com/windows/servercore:ltsc2022
SHELL ["cmd", "/S", "/C"]
COPY . C:/ctx/
RUN mkdir C:\app C:\tools C:\logs
RUN setx /M PATH "%PATH%;C:\tools;C:\tools\tool\bin"
RUN setx /M ACME_HOME C:\acme && setx EDITOR notepad
RUN tar -xf C:\ctx\tool.zip -C C:\tools && ren C:\tools\tool-1.2 tool
RUN tool hello > C:\logs\tool.txt
RUN curl -fsSL -o C:\app\copy.reg file:///C:/ctx/settings.reg
RUN reg import C:\ctx\settings.reg
RUN reg add HKLM\SOFTWARE\Acme /v Path /t REG_EXPAND_SZ /d "C:\Program Files\Acme" /f
RUN reg add "HKLM\SYSTEM\CurrentControlSet\Control\FileSystem" /v LongPathsEnabled /t REG_DWORD /d 1 /f
RUN reg delete HKLM\SOFTWARE\Acme /v Level /f
RUN xcopy C:\ctx C:\app\ctx\ /E /I /Y /Q
RUN robocopy C:\ctx C:\app\mirror /MIR /NFL /NDL /NJH /NJS & if %ERRORLEVEL% LSS 8 (exit /b 0) else (exit /b 1)
RUN if exist C:\ctx\tool.zip (echo yes> C:\logs\if.txt) else (echo no> C:\logs\if.txt)
RUN if not exist C:\nosuch mkdir C:\made
RUN for %i in (a b c) do @echo %i>> C:\logs\for.txt
RUN for /f "tokens=2 delims=:" %a in ('chcp') do @echo cp%a> C:\logs\chcp.txt
RUN for /l %n in (1,1,3) do @copy nul C:\app\f%n.txt > nul
RUN for /r C:\ctx %f in (*.reg) do @echo %~nxf>> C:\logs\forr.txt
RUN echo line one> C:\logs\multi.txt && echo line two>> C:\logs\multi.txt && type C:\logs\multi.txt | find /c "line" > C:\logs\count.txt
RUN findstr /i /c:"LINE TWO" C:\logs\multi.txt > C:\logs\findstr.txt
RUN (echo b& echo a& echo c) | sort > C:\logs\sorted.txt
RUN icacls C:\app /grant "Users:(OI)(CI)F" /T
RUN takeown /F C:\app /R /D Y
RUN attrib +R C:\app\f1.txt
RUN net user builder Passw0rd! /add /expires:never && net localgroup Administrators builder /add
RUN net localgroup testers /add /comment:"they test"
RUN mklink /D C:\link C:\tools\tool && mklink C:\logs\hard.txt C:\logs\if.txt
RUN certutil -hashfile C:\ctx\tool.zip SHA256 | findstr /v ":" > C:\logs\sha.txt
RUN certutil -encode C:\ctx\settings.reg C:\logs\b64.txt && certutil -decode C:\logs\b64.txt C:\logs\back.reg && fc /b C:\logs\back.reg C:\ctx\settings.reg
RUN where cmd && where tool > C:\logs\where.txt
RUN ver > C:\logs\ver.txt
RUN whoami > C:\logs\whoami.txt
RUN hostname > C:\logs\hostname.txt
RUN set FOO=bar&& call echo %^FOO% > C:\logs\set.txt
RUN set "A=1" & set /a B=5*7 > C:\logs\seta.txt
RUN pushd C:\tools && cd > C:\logs\cd.txt & popd
RUN cd /d C:\app && dir /b /o:n *.txt > C:\logs\dir.txt
RUN copy /y C:\ctx\settings.reg C:\app\one.reg && move /y C:\app\one.reg C:\app\two.reg && ren C:\app\two.reg three.reg
RUN del /q C:\app\f2.txt && rd /s /q C:\app\ctx
RUN sc create acme binPath= "C:\Windows\System32\cmd.exe /c exit" start= demand && sc description acme "The acme service"
RUN tzutil /s "W. Europe Standard Time"
RUN wmic os get Version /value > C:\logs\wmic.txt
RUN tasklist /nh /fi "imagename eq cmd.exe" > C:\logs\tasks.txt
RUN start /wait cmd /c "echo started> C:\logs\start.txt"
RUN ping -n 1 127.0.0.1 > nul && echo pinged> C:\logs\ping.txt
RUN timeout /t 1 > nul 2> nul || echo no console> C:\logs\timeout.txt
RUN powershell -Command "Get-Date" 2> C:\logs\ps.txt || echo refused> C:\logs\ps-code.txt
RUN nosuchcommand 2> C:\logs\unknown.txt || echo missing> C:\logs\unknown-code.txt
RUN dism /online /enable-feature /featurename:IIS-WebServer > C:\logs\dism.txt || echo refused> C:\logs\dism-code.txt
RUN fsutil file createnew C:\app\big.bin 1048576 > nul
RUN forfiles /p C:\ctx /m *.reg /c "cmd /c echo @fname @fsize> C:\logs\forfiles.txt"
RUN echo off & echo quiet> C:\logs\quiet.txt
RUN cmd /c exit 0 && cmd /v:on /c "set X=late&& echo !X!> C:\logs\late.txt"
RUN `
    echo one `
    && echo two > C:\logs\continued.txt
USER builder
RUN whoami > C:\Users\builder\me.txt
WORKDIR C:\\app
CMD ["cmd", "/c", "type", "C:\\logs\\tool.txt"]
