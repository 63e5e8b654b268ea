package glia.cli.args;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.cli.TestConsole;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What words become, and the script in bash.
class CompletionTest {
    enum Mode { EXACT, FAST }

    private static final Option<Mode> MODE = Option.choice("MODE", Mode.class, "it's a mode", "--mode");
    private static final Completions COMPLETIONS = new Completions(
            new Syntax("glia", "All", List.of(), List.of(Syntax.VERSION)),
            List.of(new Syntax("chat", "Chat", List.of(new Positional("MODEL", "model", true)),
                            List.of(MODE, Option.text("N", "top", "--top", "-t"))),
                    new Syntax("models", "List", List.of(), List.of(Option.flag("json", "--json"))).aliases("ls"),
                    new Syntax("models remove", "Remove", List.of(), List.of(Option.flag("yes", "--yes")))
                            .aliases("rm")),
            (label, word) -> label.equals("MODEL") ? List.of("reasoner", "owner/name") : List.of());

    private static String of(String... words) {
        return String.join(" ", COMPLETIONS.of(List.of(words)));
    }

    @Test
    void commandsOptionsChoicesAndModels() {
        assertEquals("chat", of("ch"));
        assertEquals("chat models ls rm", of(""));
        assertEquals("--version -v --help -h --debug", of("-"));
        assertEquals("--top", of("chat", "--t"));
        assertEquals("--json --help -h --debug", of("models", "-"));
        assertEquals("exact fast", of("chat", "--mode", ""));
        assertEquals("fast", of("chat", "--mode", "f"));
        assertEquals("--mode=fast", of("chat", "--mode=f"));
        assertEquals("remove", of("models", ""));
        assertEquals("--yes --help --debug", of("models", "remove", "--"));
        assertEquals("--yes --help --debug", of("rm", "--"));
        assertEquals("reasoner owner/name", of("chat", ""));
        assertEquals("reasoner", of("chat", "--top", "3", "r"));
        assertEquals("", of("chat", "reasoner", ""));
        assertEquals("", of("nonsense", ""));
    }

    private static List<String> program(String... words) {
        TestConsole console = new TestConsole("");
        List<String> all = new ArrayList<>(List.of("completion", "words", "--"));
        all.addAll(List.of(words));
        assertEquals(0, console.run(all.toArray(String[]::new)), console::err);
        return console.out().lines().toList();
    }

    @Test
    void theProgramKnowsModelsRecipesAndTheirKeys() {
        assertTrue(program("run", "").containsAll(List.of("reasoner", "stories260K", "SmolLM2-135M-Instruct")));
        assertEquals("reasoner", program("eval", "--against", "rea").getFirst());
        assertEquals(List.of("lora", "lora-demo"), program("train", "lor"));
        // The shell would take lora-demo if it were the only word.
        assertEquals(List.of("lora", "lora-demo"), program("train", "lora"));
        assertEquals(List.of(), program("train", "lora-demo"));
        assertEquals(List.of("adapter.kind="), program("train", "lora", "adapter.ki"));
        assertTrue(program("train", "lora", "adapter.kind=d").contains("adapter.kind=dora"));
        assertTrue(program("train", "lora", "data.train=shipped:ev").contains("data.train=shipped:everyday.jsonl"));
        assertTrue(program("run", "reasoner", "--kernels", "").contains("scalar"));
    }

    @Test
    void bashReplacesWhatFollowsAColonOrAnEqualsSign(@TempDir Path folder) throws Exception {
        assumeTrue(Files.exists(Path.of("/bin/bash")), "there is no bash here");
        Path glia = Files.writeString(folder.resolve("glia"), "#!/bin/bash\nshift 3\n"
                + "printf '%s\\n' \"${@: -1}1\" \"${@: -1}2\" \"$#\"\n");
        assertTrue(glia.toFile().setExecutable(true));
        assertEquals("ch1 ch2 1", bash(glia + " ch"));
        assertEquals("1 2 2", bash(glia + " chat "));
        assertEquals("x1 x2 3", bash(glia + " train nano a.b=c:x"));
    }

    private static String bash(String line) throws Exception {
        Process bash = new ProcessBuilder("/bin/bash", "--norc", "-c", Completions.script("bash")
                + "COMP_LINE='" + line + "' COMP_POINT=" + line.length() + " COMP_WORDS=(" + line
                + "); _glia; echo \"${COMPREPLY[*]}\"").redirectErrorStream(true).start();
        String output = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, bash.waitFor(), output);
        return output.strip();
    }
}
