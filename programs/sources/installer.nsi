; An installer that puts a program into Program Files, keys and an uninstaller beside it.
Unicode true
Name "Sample"
OutFile "setup.exe"
InstallDir "$PROGRAMFILES64\Sample"
RequestExecutionLevel admin
Section
  SetRegView 64
  SetOutPath "$INSTDIR"
  File "hello.exe"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  CreateShortcut "$SMPROGRAMS\Sample.lnk" "$INSTDIR\hello.exe"
  WriteRegStr HKLM "Software\Sample" "Directory" "$INSTDIR"
SectionEnd
Section Uninstall
  SetRegView 64
  Delete "$INSTDIR\hello.exe"
  Delete "$INSTDIR\uninstall.exe"
  Delete "$SMPROGRAMS\Sample.lnk"
  RMDir "$INSTDIR"
  DeleteRegKey HKLM "Software\Sample"
SectionEnd
