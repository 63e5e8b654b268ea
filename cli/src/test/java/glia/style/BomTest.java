package glia.style;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// The bill of materials names every module that a program can depend on, in the version of the project.
class BomTest {
    private static final Set<String> PROGRAMS = Set.of("bom", "cli", "jmh");

    @Test
    void bomListsEveryLibraryModule() throws Exception {
        Path root = Path.of("..").toRealPath();
        String parent = Files.readString(root.resolve("pom.xml"));
        String bom = Files.readString(root.resolve("bom/pom.xml"));
        String modules = parent.substring(0, parent.indexOf("</modules>"));
        Set<String> expected = all("<module>(.*?)</module>", modules).stream().filter(m -> !PROGRAMS.contains(m))
                .map(m -> "glia-" + m).collect(Collectors.toCollection(TreeSet::new));
        String managed = bom.substring(bom.indexOf("<dependencyManagement>"));
        assertEquals(expected, all("<artifactId>(.*?)</artifactId>", managed));
        assertEquals(first("<version>(.*?)</version>", parent), first("<version>(.*?)</version>", bom));
    }

    private static Set<String> all(String pattern, String text) {
        return Pattern.compile(pattern).matcher(text).results().map(m -> m.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String first(String pattern, String text) {
        return Pattern.compile(pattern).matcher(text).results().findFirst().orElseThrow().group(1);
    }
}
