package glia.cli.args;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class HelpTextTest {
    @Test
    void laysOutTwoColumns() {
        Option<String> prompt = Option.text("TEXT", "what to answer", "--prompt", "-p");
        Option<String> wide = Option.text("AVERYLONGLABELINDEED", "word ".repeat(20).strip(), "--a-rather-long-option");
        String help = HelpText.of(new Syntax("run", "Answer one prompt",
                List.of(new Positional("MODEL", "a model", true)), List.of(prompt, wide), List.of("A note.")));
        assertEquals("""
                Answer one prompt.

                Usage: glia run MODEL [options]

                  MODEL  a model
                Options:
                  -p, --prompt TEXT               what to answer
                      --a-rather-long-option AVERYLONGLABELINDEED
                                                  word word word word word word word word word word word word word
                                                  word word word word word word word
                  -h, --help                      show this help
                      --debug                     show the stack trace of an error (also: GLIA_DEBUG=1)

                A note.
                """, help);
    }
}
