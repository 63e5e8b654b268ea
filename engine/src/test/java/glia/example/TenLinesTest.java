package glia.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.training.TrainingPass;
import glia.tensor.Tensor;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The public API as the README shows it.
class TenLinesTest {
    @Test
    void aChatTakesFewLines() throws IOException {
        StringBuilder received = new StringBuilder();
        try (var model = LanguageModel.load("stories260K"); var chat = model.chat()) {
            chat.options(model.options().withMaxTokens(40));
            var answer = chat.stream("Once upon a time", received::append);
            assertEquals(answer.text(), received.toString());
            assertEquals(40, answer.tokens());
        }
        assertFalse(received.isEmpty());
    }

    @Test
    void lossAndGradientsTakeThreeLines() throws IOException {
        try (var model = LanguageModel.load("stories260K"); var training = TrainingPass.of(model)) {
            double loss = training.loss("Once upon a time there was a girl.");
            Map<String, Tensor> gradients = training.gradients();
            assertTrue(loss > 0.5 && loss < 4, "loss " + loss);
            assertEquals(model.model().checkpoint().names(), gradients.keySet());
            double largest = 0;
            for (Tensor g : gradients.values()) {
                for (long i = 0; i < g.size(); i++) {
                    largest = Math.max(largest, Math.abs(g.get(i)));
                }
            }
            assertTrue(largest > 1e-3, "largest gradient " + largest);
        }
    }

    @Test
    void theReadmesLinesCompile(@TempDir Path folder) throws IOException {
        Matcher block = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(Path.of("../README.md")));
        int count = 0;
        while (block.find()) {
            compile(block.group(1), folder);
            count++;
        }
        assertEquals(2, count, "pieces of Java in the README");
    }

    private static void compile(String lines, Path folder) throws IOException {
        assertTrue(lines.lines().count() <= 10, lines);
        Path source = Files.writeString(folder.resolve("Readme.java"), """
                import glia.engine.*;
                import glia.engine.training.*;
                import glia.tensor.Tensor;
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
