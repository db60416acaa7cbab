import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.ZoneId;
import java.util.Collections;
import java.util.HexFormat;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;

/** Files, processes, threads, names; then a server whose answer says what it saw. */
public class Server {
    public static void main(String[] arguments) throws Exception {
        Path directory = Files.createDirectories(Path.of("d", "e"));
        Path file = directory.resolve("Ünï.txt");
        Files.writeString(file, "text");
        Files.move(file, directory.resolve("two.txt"), StandardCopyOption.ATOMIC_MOVE);
        check(Files.readString(Path.of("D", "E", "TWO.TXT")).equals("text"), "names differ by case");
        try {
            Files.readString(file);
            check(false, "a file that was moved is still there");
        } catch (NoSuchFileException expected) {
        }
        try (FileChannel channel = FileChannel.open(Path.of("mapped"), StandardOpenOption.CREATE,
                StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            channel.map(FileChannel.MapMode.READ_WRITE, 0, 1 << 20).put(12345, (byte) 7);
            check(channel.lock() != null, "no lock");
        }
        check(Files.readAllBytes(Path.of("mapped"))[12345] == 7, "a mapping was not written");

        Process child = new ProcessBuilder("cmd", "/c", "echo %COMPUTERNAME%& exit 3").start();
        String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        check(child.waitFor() == 3, "the child's exit code is " + child.exitValue());

        var pool = Executors.newFixedThreadPool(50);
        var futures = IntStream.range(0, 1000).mapToObj(n -> pool.submit(() -> n)).toList();
        int sum = 0;
        for (var future : futures) sum += future.get();
        pool.shutdown();
        check(sum == 499500, "threads");
        String digest = HexFormat.of().formatHex(
            MessageDigest.getInstance("SHA-256").digest("abc".getBytes(StandardCharsets.US_ASCII)));
        check(digest.startsWith("ba7816bf"), digest);

        String host = InetAddress.getLocalHost().getHostName();
        boolean loopback = Collections.list(NetworkInterface.getNetworkInterfaces()).stream()
            .flatMap(each -> Collections.list(each.getInetAddresses()).stream())
            .anyMatch(InetAddress::isLoopbackAddress);
        check(loopback, "no interface has the loopback address");
        String answer = String.join(" ", "java", host.toLowerCase(), said.toLowerCase(), System.getProperty("os.name"),
            System.getProperty("user.name"), ZoneId.systemDefault().toString());
        HttpServer server = HttpServer.create(new InetSocketAddress(8080), 0);
        server.createContext("/", exchange -> {
            byte[] body = answer.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        System.out.println("listening");
    }

    private static void check(boolean holds, String text) {
        if (!holds) throw new IllegalStateException(text);
    }
}
