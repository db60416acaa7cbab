using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

/// Files, processes, threads, sockets, an HTTP server.
public static class Program
{
    public static int Main(string[] arguments)
    {
        Directory.CreateDirectory("d\\e");
        File.WriteAllText("d\\e\\Ünï.txt", "text");
        File.Move("d\\e\\Ünï.txt", "d\\two.txt");
        Check(File.ReadAllText("D\\TWO.TXT") == "text", "names differ by case");
        Check(Directory.GetFiles("d").Single() == "d\\two.txt", "the list of files");
        using (var held = new FileStream("d\\two.txt", FileMode.Open, FileAccess.Read, FileShare.None))
        {
            try { File.OpenRead("d\\two.txt"); Check(false, "a file that is held was opened"); }
            catch (IOException) { }
        }
        var start = new ProcessStartInfo("cmd", "/c echo child& exit 3") { RedirectStandardOutput = true, UseShellExecute = false };
        using (var child = Process.Start(start))
        {
            Check(child.StandardOutput.ReadToEnd().Trim() == "child", "the child's output");
            child.WaitForExit();
            Check(child.ExitCode == 3, "the child's exit code");
        }
        Check(Enumerable.Range(0, 1000).AsParallel().Select(n => n * 2).Sum() == 999000, "threads");
        var results = Task.WhenAll(Enumerable.Range(0, 20).Select(async n => { await Task.Delay(5); return n; })).Result;
        Check(results.Sum() == 190, "tasks");
        using (var sha = SHA256.Create())
            Check(sha.ComputeHash(Encoding.ASCII.GetBytes("abc"))[0] == 0xba, "SHA-256");
        Check(Environment.OSVersion.Platform == PlatformID.Win32NT, "the platform");
        try { throw new InvalidOperationException("thrown"); } catch (InvalidOperationException thrown) { Check(thrown.Message == "thrown", "exceptions"); }
        try { object nothing = null; nothing.ToString(); Check(false, "null"); } catch (NullReferenceException) { }
        Check(TimeZoneInfo.Local.BaseUtcOffset == TimeSpan.Zero, "the time zone");
        Check(Dns.GetHostName().ToLowerInvariant() == "winhost", "the host name is " + Dns.GetHostName());

        var listener = new TcpListener(IPAddress.Any, 8080);
        listener.Start();
        Console.WriteLine("listening");
        while (true)
            using (var client = listener.AcceptTcpClient())
            using (var stream = client.GetStream())
            {
                var reader = new StreamReader(stream);
                while (!string.IsNullOrEmpty(reader.ReadLine())) { }
                var body = ".NET " + Environment.Version + " " + Environment.MachineName.ToLowerInvariant() + " " + Environment.UserName;
                var answer = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: " + body.Length + "\r\nConnection: close\r\n\r\n" + body);
                stream.Write(answer, 0, answer.Length);
            }
    }

    private static void Check(bool holds, string text)
    {
        if (!holds) throw new Exception(text);
    }
}
