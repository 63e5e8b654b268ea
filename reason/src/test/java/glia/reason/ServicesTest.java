package glia.reason;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ServicesTest {
    private static final Path SERVICES = Path.of("src/main/resources/META-INF/services");

    /// The class path reads `META-INF/services`, the module path `module-info.java`.
    @Test
    void servicesAreDeclaredInBothPlaces() throws IOException {
        String module = Files.readString(Path.of("src/main/java/module-info.java"));
        Matcher provides = Pattern.compile("provides ([\\w.]+) with([^;]+);").matcher(module);
        int count = 0;
        while (provides.find()) {
            List<String> expected = Arrays.stream(provides.group(2).split(",")).map(String::strip).sorted().toList();
            List<String> found = Files.readAllLines(SERVICES.resolve(provides.group(1))).stream()
                    .filter(line -> !line.isBlank()).sorted().toList();
            assertEquals(expected, found, provides.group(1));
            count++;
        }
        try (Stream<Path> files = Files.list(SERVICES)) {
            assertEquals(files.count(), count);
        }
    }
}
