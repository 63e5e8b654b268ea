package glia.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.model.Model;
import glia.model.ModelLoader;
import java.io.IOException;
import java.io.StringWriter;
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

/// The Java of the README compiles, and its training loop runs.
class ReadmeCodeTest {
    private static final int MOST_LINES = 24;

    @TempDir
    private Path folder;

    @Test
    void thePiecesCompileAndTheLoopTrains() throws Exception {
        Matcher block = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(Path.of("../README.md")));
        List<String> pieces = new ArrayList<>();
        while (block.find()) {
            pieces.add(block.group(1));
        }
        assertEquals(3, pieces.size(), "pieces of Java in the README");
        for (String piece : pieces) {
            assertTrue(piece.lines().count() <= MOST_LINES, piece);
            compile(piece);
        }
        String loop = pieces.get(2).replace("steps = 2000", "steps = 3").replace("input.txt", "../LICENSE")
                .replace("Path.of(\"gpt\")", "Path.of(\"" + folder.resolve("gpt") + "\")");
        compile(loop);
        try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
            Method main = loader.loadClass("Readme").getDeclaredMethod("main");
            main.setAccessible(true);
            main.invoke(null);
        }
        try (Model model = ModelLoader.load(folder.resolve("gpt"))) {
            assertEquals(4, model.spec().numLayers());
        }
    }

    private void compile(String lines) throws IOException {
        Path source = Files.writeString(folder.resolve("Readme.java"), """
                import glia.engine.*;
                import glia.engine.training.*;
                import glia.kernels.*;
                import glia.model.*;
                import glia.model.fresh.*;
                import glia.model.write.*;
                import glia.tensor.Tensor;
                import glia.tensor.kernel.*;
                import glia.train.data.*;
                import glia.train.optim.*;
                import glia.train.schedule.*;
                import java.nio.file.*;
                import java.util.Map;
                class Readme {
                    static void main() throws Exception {
                        %s
                    }
                }
                """.formatted(lines));
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
