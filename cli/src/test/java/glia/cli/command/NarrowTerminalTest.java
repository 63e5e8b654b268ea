package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.WordWrap;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The output of commands on narrow terminals.
class NarrowTerminalTest {
    private static final String GOLDEN = "../engine/src/test/resources/golden/";
    private static final List<String> COMMANDS = List.of("inspect --catalogue", "inspect --catalogue llama-4-scout",
            "inspect --catalogue gpt-5", "inspect stories260K", "inspect " + GOLDEN + "deepseek_v32",
            "inspect " + GOLDEN + "nemotron_h", "check " + GOLDEN + "llama", "models", "models --caches",
            "train --list", "train --explain lora", "tokenize stories260K Once",
            "inspect ../engine/src/test/resources/gguf/mixtral-f32.gguf --experts -p abcdef", "--help", "run --help",
            "chat --help", "inspect --help", "bench --help", "attention --help", "convert --help", "check --help",
            "embed --help");

    @ParameterizedTest
    @ValueSource(ints = {100, 80, 60})
    void noLineIsLongerThanTheTerminal(int width) {
        for (String command : COMMANDS) {
            TestConsole console = new TestConsole("", width);
            assertEquals(ExitCode.OK, console.run(command.split(" ")), () -> command + console.err());
            assertFalse(console.out().isEmpty());
            List<String> tooLong = console.out().lines().filter(line -> WordWrap.width(line) > width).toList();
            assertTrue(tooLong.isEmpty(), () -> command + ": " + tooLong);
        }
    }
}
