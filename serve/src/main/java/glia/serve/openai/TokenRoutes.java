package glia.serve.openai;

import static glia.serve.http.Json.object;

import glia.engine.LanguageModel;
import glia.engine.call.HeavyWork;
import glia.engine.call.Prompt;
import glia.engine.call.RenderedPrompt;
import glia.engine.thinking.ThinkingOptions;
import glia.serve.chat.TokenTexts;
import glia.serve.http.Exchange;
import glia.serve.pool.ModelPool;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import glia.text.template.ChatTemplate;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/// `POST /tokenize`, `/detokenize` and `/apply-template`, in the forms of vLLM (`prompt` or `messages`) and of
/// llama-server (`content`); `GET /tokenizer_info` in that of vLLM.
public final class TokenRoutes {
    private final ModelPool models;

    public TokenRoutes(ModelPool models) {
        this.models = models;
    }

    /// The tokens of a text or of a conversation.
    public void tokenize(Exchange exchange) {
        Fields body = exchange.body();
        try (ModelPool.Lease lease = models.lease(body.text("model").orElse(""))) {
            LanguageModel model = lease.served().model();
            Tokenizer tokenizer = model.tokenizer();
            boolean isLlamaServer = body.has("content");
            int[] ids;
            if (isLlamaServer) {
                boolean recognizes = body.flag("parse_special");
                String text = body.requiredText("content");
                boolean adds = body.flag("add_special");
                ids = HeavyWork.run(text.length(), () ->
                        recognizes ? tokenizer.encode(text, adds) : tokenizer.encodePlain(text, adds));
            } else if (body.has("messages")) {
                ThinkingOptions thinking = ThinkingFields.read(body, model.thinking().format().isPresent());
                Prompt.Conversation conversation = conversation(body);
                ids = HeavyWork.run(conversation.size(), () ->
                        tokenizer.encode(RenderedPrompt.text(model, conversation, thinking), false));
            } else {
                String text = body.requiredText("prompt");
                boolean adds = body.flag("add_special_tokens");
                ids = HeavyWork.run(text.length(), () -> tokenizer.encode(text, adds));
            }
            boolean withPieces = body.flag(isLlamaServer ? "with_pieces" : "return_token_strs");
            body.end();
            List<String> pieces = new ArrayList<>();
            TokenTexts texts = new TokenTexts(tokenizer);
            for (int id : ids) {
                pieces.add(isLlamaServer ? texts.text(id) : tokenizer.piece(id));
            }
            if (!isLlamaServer) {
                exchange.json(object("count", ids.length, "max_model_len", model.contextLength(), "tokens", ids,
                        "token_strs", withPieces ? pieces : null));
                return;
            }
            List<Object> tokens = new ArrayList<>();
            for (int i = 0; i < ids.length; i++) {
                tokens.add(withPieces ? object("id", ids[i], "piece", pieces.get(i)) : ids[i]);
            }
            exchange.json(object("tokens", tokens));
        }
    }

    /// The text of tokens, special ones included: `prompt` for clients of vLLM, `content` for those of llama-server.
    public void detokenize(Exchange exchange) {
        Fields body = exchange.body();
        try (ModelPool.Lease lease = models.lease(body.text("model").orElse(""))) {
            Tokenizer tokenizer = lease.served().model().tokenizer();
            if (!body.has("tokens")) {
                throw ServeException.badField("tokens", "missing; expected token ids");
            }
            List<?> tokens = body.list("tokens");
            body.end();
            String text = tokens.isEmpty() ? ""
                    : tokenizer.decode(CompletionPrompts.tokens("tokens", tokens, tokenizer.vocabSize()), false);
            exchange.json(object("prompt", text, "content", text));
        }
    }

    /// Special tokens and chat template of the first model, or of the query's `model`. lm-evaluation-harness takes a
    /// server's own tokenizer if it has this.
    public void info(Exchange exchange) {
        try (ModelPool.Lease lease = models.lease(exchange.query("model").orElse(""))) {
            LanguageModel model = lease.served().model();
            Tokenizer tokenizer = model.tokenizer();
            exchange.json(object("tokenizer_class", "Tokenizer", "bos_token", piece(tokenizer, tokenizer.bos()),
                    "eos_token", piece(tokenizer, tokenizer.eos()), "pad_token", null, "add_bos_token",
                    tokenizer.addsBos(), "vocab_size", tokenizer.vocabSize(), "model_max_length",
                    model.contextLength(), "chat_template", model.template().map(ChatTemplate::source).orElse(null)));
        }
    }

    /// The text of a token; null for none.
    static String piece(Tokenizer tokenizer, OptionalInt id) {
        return id.isPresent() ? tokenizer.piece(id.getAsInt()) : null;
    }

    /// The text of a conversation, as the model reads it.
    public void applyTemplate(Exchange exchange) {
        Fields body = exchange.body();
        try (ModelPool.Lease lease = models.lease(body.text("model").orElse(""))) {
            LanguageModel model = lease.served().model();
            Prompt.Conversation conversation = conversation(body);
            var thinking = ThinkingFields.read(body, model.thinking().format().isPresent());
            body.end();
            exchange.json(object("prompt", HeavyWork.run(conversation.size(), () ->
                    RenderedPrompt.text(model, conversation, thinking).toString())));
        }
    }

    private static Prompt.Conversation conversation(Fields body) {
        return ChatMessages.conversation(body, ToolFields.read(body, false));
    }
}
