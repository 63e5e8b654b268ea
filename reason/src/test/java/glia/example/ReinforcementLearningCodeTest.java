package glia.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.model.FreshModel;
import glia.model.Model;
import glia.model.fresh.NewModels;
import glia.model.write.ModelWriter;
import glia.train.recipe.RecipeKey;
import glia.train.recipe.RecipeKeys;
import glia.train.tokenizer.SpecialTokens;
import glia.train.tokenizer.TokenizerTrainer.CharacterTrainer;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
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

/// The Java of the document on reinforcement learning compiles and trains, and the document has all keys.
class ReinforcementLearningCodeTest {
    private static final Path DOCUMENT = Path.of("../docs/reinforcement-learning.md");

    @TempDir
    private Path folder;

    @Test
    void theExampleTrains() throws Exception {
        Matcher block = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(DOCUMENT));
        assertTrue(block.find());
        Path start = folder.resolve("start");
        CharacterTrainer characters = new CharacterTrainer(SpecialTokens.NONE.with(SpecialTokens.EOS, "<end>"))
                .add("Compute 0123456789 + - . Answer:\n");
        Map<String, Object> sizes = Map.of("hidden", 32, "layers", 1, "heads", 2, "context", 128);
        try (Model model = FreshModel.create(NewModels.config("llama", sizes).with("vocab_size",
                characters.train().tokens().size()), 1)) {
            ModelWriter.write(model, start);
        }
        characters.train().write(start);
        compile(block.group(1).replace("SmolLM2-135M-Instruct", start.toString())
                .replace("new TrainerOptions(100,", "new TrainerOptions(2,").replace("evaluate(32,", "evaluate(2,"));
        try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
            Method main = loader.loadClass("Example").getDeclaredMethod("main");
            main.setAccessible(true);
            main.invoke(null);
        }
    }

    private void compile(String lines) throws Exception {
        Path source = Files.writeString(folder.resolve("Example.java"), """
                import glia.engine.*;
                import glia.engine.pass.*;
                import glia.engine.training.*;
                import glia.kernels.*;
                import glia.model.*;
                import glia.reason.policy.*;
                import glia.reason.run.*;
                import glia.reason.task.*;
                import glia.tensor.*;
                import glia.tensor.kernel.*;
                import glia.text.tokenizer.*;
                import glia.train.optim.*;
                import glia.train.run.*;
                import glia.train.schedule.*;
                import java.nio.file.*;
                import java.util.*;
                class Example {
                    static void main() throws Exception {
                        %s
                    }
                }
                """.formatted(lines));
        StringWriter errors = new StringWriter();
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            boolean isSound = compiler.getTask(errors, files, null, List.of("-d", folder.toString(), "-cp",
                    System.getProperty("java.class.path")), null, files.getJavaFileObjects(source)).call();
            assertTrue(isSound, errors + lines);
        }
    }

    @Test
    void theDocumentHasAllKeys() throws Exception {
        String text = Files.readString(DOCUMENT);
        List<String> missing = RecipeKeys.all().stream().filter(k -> List.of("problems", "rl", "evaluate")
                .contains(k.section())).map(RecipeKey::name).filter(k -> !text.contains("`" + k + "`")).toList();
        assertEquals(List.of(), missing);
    }
}
