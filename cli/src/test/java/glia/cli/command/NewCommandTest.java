package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NewCommandTest {
    private static final String STORIES = "../text/src/test/resources/tokenizer/stories260K";

    @TempDir Path folder;

    private static TestConsole run(int exitCode, String... words) {
        TestConsole console = new TestConsole("");
        assertEquals(exitCode, console.run(words), () -> console.out() + console.err());
        return console;
    }

    @Test
    void aFamilyWithATokenizerCanBeInspectedAndRun() throws Exception {
        String out = folder.resolve("tiny").toString();
        TestConsole made = run(ExitCode.OK, "new", "qwen3", "hidden=64", "layers=2", "heads=4", "kv-heads=2", "-o", out,
                "--tokenizer", STORIES);
        assertEquals(out + "\n", made.out());
        assertTrue(made.err().contains("parameters"), made.err());
        assertTrue(Files.isRegularFile(folder.resolve("tiny/tokenizer.json")));
        assertTrue(run(ExitCode.OK, "inspect", out).out().contains("qwen3"));
        run(ExitCode.OK, "run", out, "-p", "Once", "--max-tokens", "3", "--temperature", "0");
        assertTrue(run(ExitCode.BAD_FILE, "new", "qwen3", "-o", out).err().contains("holds something already"));
        run(ExitCode.OK, "new", "qwen3", "hidden=64", "layers=2", "-o", out, "--force", "--json", "--type", "bf16");
    }

    /// By a model's name and from a GGUF file.
    @Test
    void theTokenizerIsThatOfAModel() throws Exception {
        String named = folder.resolve("named").toString();
        String file = folder.resolve("reasoner.gguf").toString();
        String again = folder.resolve("again").toString();
        assertFalse(run(ExitCode.OK, "new", "llama", "hidden=64", "layers=1", "-o", named, "--tokenizer", "reasoner")
                .err().contains("warning"));
        run(ExitCode.OK, "convert", "reasoner", "-o", file);
        run(ExitCode.OK, "new", "llama", "hidden=64", "layers=1", "-o", again, "--tokenizer", file);
        String ids = run(ExitCode.OK, "tokenize", "reasoner", "3 + <think>", "--json").out().split("]")[0];
        for (String model : new String[] {named, file, again}) {
            assertTrue(run(ExitCode.OK, "tokenize", model, "3 + <think>", "--json").out().startsWith(ids));
        }
        String question = "Use 3, 7 and 11 to make 32.";
        assertEquals(run(ExitCode.OK, "run", "reasoner", question).out(),
                run(ExitCode.OK, "run", file, question).out());
        assertTrue(run(ExitCode.OK, "new", "llama", "hidden=64", "layers=1", "-o", folder.resolve("x").toString())
                .err().contains("warning: the model has no tokenizer"));
    }

    @Test
    void aSpecAsYamlRuns() throws Exception {
        Path yaml = Files.writeString(folder.resolve("hybrid.yaml"), """
                vocab: 600
                hidden: 32
                layers:
                  - mixers: [{kind: mamba2, state: 8, head-size: 16}, {kind: mlp}]
                  - mixers: [{kind: attention, heads: 4}, {kind: moe, experts: 4}]
                """);
        String out = folder.resolve("hybrid").toString();
        run(ExitCode.OK, "new", yaml.toString(), "-o", out, "--tokenizer", STORIES, "--seed", "3");
        assertTrue(run(ExitCode.OK, "inspect", out).out().contains("glia"));
        run(ExitCode.OK, "run", out, "-p", "Once", "--max-tokens", "3", "--temperature", "0");
        assertTrue(run(ExitCode.BAD_FILE, "convert", out, "-o", out + ".gguf").err()
                .contains("'glia' has no form in GGUF"));
        Files.writeString(yaml, "vocab: 600\nhidden: 32\nlayers:\n  - mixers: [{kind: mamba3}]\n");
        assertTrue(run(ExitCode.BAD_FILE, "new", yaml.toString(), "-o", out + "2").err()
                .contains("line 4: key layers[0].mixers[0].kind: found 'mamba3'"));
    }

    @Test
    void aModelThatNoMachineHoldsIsRefusedBeforeItsWeightsAreMade() {
        String err = run(ExitCode.MEMORY, "new", "llama", "hidden=100000", "layers=1000", "-o",
                folder.resolve("x").toString()).err();
        assertTrue(err.contains("the weights of the new model take 480") && err.contains("lower hidden"), err);
    }

    @Test
    void wrongWordsAreUsageErrors() {
        String out = folder.resolve("x").toString();
        assertTrue(run(ExitCode.USAGE, "new", "lama", "-o", out).err().contains("Did you mean llama"));
        assertTrue(run(ExitCode.USAGE, "new", "llama", "hiden=3", "-o", out).err().contains("Did you mean hidden?"));
        assertTrue(run(ExitCode.USAGE, "new", "llama", "hidden", "-o", out).err().contains("expected NAME=VALUE"));
        assertTrue(run(ExitCode.USAGE, "new", "llama").err().contains("--output is missing"));
        assertTrue(run(ExitCode.USAGE, "new", "-o", out).err().contains("SPEC is missing"));
        assertTrue(run(ExitCode.BAD_FILE, "new", "llama", "vocab=100", "-o", out, "--tokenizer", STORIES).err()
                .contains("the vocabulary has 100 tokens, the tokenizer"));
    }

    @Test
    void listsTheFamilies() {
        assertTrue(run(ExitCode.OK, "new", "--list").out().contains("nemotron_h"));
        assertTrue(run(ExitCode.OK, "new", "llama", "--list").out().contains("kv-heads=4"));
        assertTrue(run(ExitCode.OK, "new", "--list", "--json").out().contains("\"mamba2\":{\"hidden\":256"));
        assertTrue(run(ExitCode.USAGE, "new", "lama", "--list").err().contains("'lama' is no family"));
    }
}
