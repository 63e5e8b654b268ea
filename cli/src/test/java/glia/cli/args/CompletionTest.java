package glia.cli.args;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Runs the completion script in bash.
class CompletionTest {
    enum Mode { EXACT, FAST }

    private static final Option<Mode> MODE = Option.choice("MODE", Mode.class, "it's a mode", "--mode");
    private static final Program PROGRAM = new Program(new Syntax("glia", "All", List.of(), List.of(Syntax.VERSION)),
            List.of(new Syntax("chat", "Chat", List.of(), List.of(MODE, Option.text("N", "top", "--top", "-t"))),
                    new Syntax("models", "List", List.of(), List.of(Option.flag("json", "--json"))).aliases("ls"),
                    new Syntax("models remove", "Remove", List.of(), List.of(Option.flag("yes", "--yes")))
                            .aliases("rm")),
            Map.of(), () -> "1");

    @Test
    void bashCompletesCommandsOptionsAndChoices() throws Exception {
        assertEquals("chat", complete("glia", "ch"));
        assertEquals("chat models ls rm", complete("glia", ""));
        assertEquals("--version -v --help -h --debug", complete("glia", "-"));
        assertEquals("--top", complete("glia", "chat", "--t"));
        assertEquals("--json --help -h --debug", complete("glia", "models", "-"));
        assertEquals("exact fast", complete("./glia", "chat", "--mode", ""));
        assertEquals("fast", complete("glia", "chat", "--mode", "f"));
        assertEquals("remove", complete("glia", "models", ""));
        assertEquals("--yes --help --debug", complete("glia", "models", "remove", "--"));
        assertEquals("", complete("glia", "chat", ""));
        assertEquals("--yes --help --debug", complete("glia", "rm", "--"));
    }

    private static String complete(String... words) throws IOException, InterruptedException {
        assumeTrue(Files.exists(Path.of("/bin/bash")), "there is no bash here");
        StringBuilder script = new StringBuilder(PROGRAM.completionScript()).append("compopt() { :; }; COMP_WORDS=(");
        for (String word : words) {
            script.append('\'').append(word).append("' ");
        }
        script.append(") COMP_CWORD=").append(words.length - 1)
                .append("; COMP_LINE=\"${COMP_WORDS[*]}\"; _complete_glia; echo \"${COMPREPLY[*]}\"");
        Process bash = new ProcessBuilder("/bin/bash", "--norc", "-c", script.toString())
                .redirectErrorStream(true).start();
        String output = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, bash.waitFor(), output);
        return output.strip();
    }
}
