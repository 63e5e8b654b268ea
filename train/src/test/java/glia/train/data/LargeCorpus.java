package glia.train.data;

import glia.text.tokenizer.Tokenizer;
import java.nio.file.Path;

/// Encodes `a.txt` of a folder with the tokenizer in `t`, in a process of its own.
final class LargeCorpus {
    private LargeCorpus() { }

    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        long start = System.nanoTime();
        try (TextData data = TextData.open(TextSource.of(folder.resolve("a.txt")), Tokenizer.load(folder.resolve("t")),
                folder.resolve("x.tokens"))) {
            System.out.println("tokens " + data.numTokens() + " documents " + data.numExamples() + " seconds "
                    + (System.nanoTime() - start) / 1_000_000_000);
        }
    }
}
