package glia.cli.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// Rewrites picocli itself.
class ClassModernizerTest {
    @TempDir Path folder;

    @Test
    void everyClassIsNewAndStillPassesTheVerifier() throws Exception {
        Path original = Path.of(CommandLine.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        Path jar = Files.copy(original, folder.resolve("picocli.jar"));
        ClassModernizer.main(new String[] {jar.toString()});

        assertEquals(names(original), names(jar));
        int numClasses = 0;
        try (JarFile file = new JarFile(jar.toFile());
                URLClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, null)) {
            for (String name : names(jar)) {
                // The classes for Groovy need Groovy.
                if (name.startsWith("picocli/CommandLine") && name.endsWith(".class")) {
                    assertTrue(ClassFile.of().parse(read(file, name)).majorVersion() >= ClassFile.JAVA_6_VERSION, name);
                    Class.forName(name.replace('/', '.').replace(".class", ""), true, loader);
                    numClasses++;
                }
            }
        }
        assertTrue(numClasses > 100, numClasses + " classes");
    }

    private static List<String> names(Path jar) throws IOException {
        try (JarFile file = new JarFile(jar.toFile())) {
            return file.stream().map(JarEntry::getName).toList();
        }
    }

    private static byte[] read(JarFile file, String name) throws IOException {
        try (InputStream in = file.getInputStream(file.getJarEntry(name))) {
            return in.readAllBytes();
        }
    }
}
