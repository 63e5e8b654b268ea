package glia.train.data;

import glia.text.tokenizer.Tokenizer;
import glia.train.tokenizer.BpeTrainer;
import glia.train.tokenizer.SpecialTokens;
import glia.train.tokenizer.TokenizerTrainer.CharacterTrainer;
import java.nio.file.Files;
import java.nio.file.Path;

/// Small tokenizers.
final class TestTokenizers {
    static final String TEXT = "First Citizen:\nBefore we proceed any further, hear me speak.\n\nAll:\nSpeak, speak.\n";

    private TestTokenizers() { }

    static Tokenizer characters(Path folder, String text, SpecialTokens special) throws Exception {
        new CharacterTrainer(special).add(text).train().write(Files.createDirectories(folder));
        return Tokenizer.load(folder);
    }

    static Tokenizer bytes(Path folder, int vocabSize, SpecialTokens special) throws Exception {
        new BpeTrainer(vocabSize, 0, special).add(TEXT).train().write(Files.createDirectories(folder));
        return Tokenizer.load(folder);
    }
}
