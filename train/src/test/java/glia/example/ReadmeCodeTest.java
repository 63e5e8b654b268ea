package glia.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.model.Model;
import glia.model.ModelLoader;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The training loop of the README trains. That its Java compiles is another test's.
class ReadmeCodeTest {
    private static final int MOST_LINES = 26;

    @TempDir
    private Path folder;

    @Test
    void theLoopTrains() throws Exception {
        Matcher block = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(Path.of("../README.md")));
        List<String> pieces = new ArrayList<>();
        while (block.find()) {
            pieces.add(block.group(1));
            assertTrue(block.group(1).lines().filter(line -> !line.startsWith("import ")).count() <= MOST_LINES,
                    block.group(1));
        }
        assertEquals(3, pieces.size(), "pieces of Java in the README");
        compile(pieces.get(2).replace("steps = 2000", "steps = 3").replace("input.txt", "../LICENSE")
                .replace("Path.of(\"gpt\")", "Path.of(\"" + folder.resolve("gpt") + "\")"));
        try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
            Constructor<?> readme = loader.loadClass("Readme").getDeclaredConstructor();
            readme.setAccessible(true);
            Method main = readme.getDeclaringClass().getDeclaredMethod("main");
            main.setAccessible(true);
            main.invoke(readme.newInstance());
        }
        try (Model model = ModelLoader.load(folder.resolve("gpt"))) {
            assertEquals(4, model.spec().numLayers());
        }
    }

    private void compile(String file) throws IOException {
        Path source = Files.writeString(folder.resolve("Readme.java"), file);
        StringWriter errors = new StringWriter();
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
            List<String> options = List.of("-d", folder.toString(), "-cp", System.getProperty("java.class.path"));
            boolean compiles = compiler.getTask(errors, files, null, options, null, files.getJavaFileObjects(source))
                    .call();
            assertTrue(compiles, errors::toString);
        }
    }
}
