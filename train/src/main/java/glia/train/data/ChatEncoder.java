package glia.train.data;

import glia.engine.ModelPictures;
import glia.io.CheckpointException;
import glia.jinja.value.TextBuilder;
import glia.io.picture.Picture;
import glia.jinja.value.TrustedText;
import glia.model.block.Input;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import glia.text.template.TemplateException;
import glia.text.tokenizer.StreamingDecoder;
import glia.text.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// Encodes chats and finds the tokens to train on: those that the assistant wrote, and the end-of-turn token.
final class ChatEncoder {
    private final Optional<ChatTemplate> template;
    private final Tokenizer tokenizer;
    private final RenderOptions render;
    private final boolean lastOnly;
    private final Optional<ModelPictures> pictures;

    /// @param template none for a model that continues texts; its examples are a prompt and a completion
    ChatEncoder(Optional<ChatTemplate> template, Tokenizer tokenizer, ChatOptions options) {
        this.template = template;
        this.tokenizer = tokenizer;
        lastOnly = options.turns() == ChatOptions.Turns.LAST;
        pictures = options.pictures().filter(ModelPictures::areRead);
        RenderOptions variables = RenderOptions.PROMPT.withToken("bos_token", piece(tokenizer.bos()))
                .withToken("eos_token", piece(tokenizer.eos()));
        for (var variable : options.variables().entrySet()) {
            variables = variables.with(variable.getKey(), variable.getValue());
        }
        render = variables;
    }

    private String piece(OptionalInt id) {
        return id.isPresent() ? tokenizer.piece(id.getAsInt()) : "";
    }

    /// The tokens of a chat.
    ///
    /// @throws CheckpointException if the chat has no turn of the assistant, the template refuses it, or the tokens of
    ///     a turn cannot be found
    MaskedTokens encode(Chat chat) throws CheckpointException {
        if (!chat.isTrained()) {
            throw chat.place().error("found no turn of the assistant to train on, only "
                    + chat.messages().stream().map(ChatMessage::role).toList() + "; add its answer, or remove the "
                    + "line");
        }
        if (!chat.pictures().isEmpty() && (pictures.isEmpty() || template.isEmpty())) {
            throw chat.place().error("has pictures, but the model " + (pictures.isEmpty() ? "reads text alone"
                    : "has no chat template (chat_template.jinja), which says where they stand"));
        }
        try {
            return template.isPresent() ? rendered(chat) : plain(chat);
        } catch (TemplateException e) {
            throw chat.place().error("the chat template does not render this chat: " + e.getMessage());
        } catch (IllegalArgumentException e) {
            throw chat.place().error("cannot be encoded: " + e.getMessage());
        }
    }

    /// The tokens of a prompt as the encoder of an encoder-decoder reads them, then those of the completion and EOS,
    /// which are trained on.
    ///
    /// @throws CheckpointException if the chat is not a prompt and a completion, or the prompt has no tokens
    MaskedTokens encodeSource(Chat chat) throws CheckpointException {
        if (!isPair(chat)) {
            throw chat.place().error("found a chat, but the model is an encoder-decoder; expected a \"prompt\" and a "
                    + "\"completion\"");
        }
        int[] source = tokenizer.encodePlain(chat.messages().getFirst().content(), true);
        if (source.length == 0) {
            throw chat.place().error("prompt", "has no tokens, expected a text for the encoder");
        }
        int[] target = tokenizer.encodePlain(chat.messages().getLast().content(), false);
        OptionalInt eos = tokenizer.eos();
        int[] ids = Arrays.copyOf(source, source.length + target.length + (eos.isPresent() ? 1 : 0));
        System.arraycopy(target, 0, ids, source.length, target.length);
        if (eos.isPresent()) {
            ids[ids.length - 1] = eos.getAsInt();
        }
        BitSet trained = new BitSet();
        trained.set(source.length, ids.length);
        return new MaskedTokens(ids, trained);
    }

    private static boolean isPair(Chat chat) {
        return chat.numPrompt() == 1 && chat.messages().size() == 2 && chat.tools().isEmpty();
    }

    private MaskedTokens plain(Chat chat) throws CheckpointException {
        if (!isPair(chat)) {
            throw chat.place().error("found a chat, but the model has no chat template; expected a \"prompt\" and a "
                    + "\"completion\", or a model with a template (chat_template.jinja)");
        }
        DocumentEncoder documents = new DocumentEncoder(tokenizer);
        String prompt = chat.messages().getFirst().content();
        TrustedText text = new TextBuilder().append(prompt).append(chat.messages().getLast().content()).whole();
        int[] inner = tokenizer.encode(text, false);
        int[] before = documents.before();
        int[] after = documents.after();
        int[] ids = Arrays.copyOf(before, before.length + inner.length + after.length);
        System.arraycopy(inner, 0, ids, before.length, inner.length);
        System.arraycopy(after, 0, ids, before.length + inner.length, after.length);
        BitSet trained = new BitSet();
        trained.set(before.length + new TokenPlaces(tokenizer, text, inner).first(prompt.length()), ids.length);
        return new MaskedTokens(ids, trained);
    }

    private MaskedTokens rendered(Chat written) throws CheckpointException {
        List<Picture> seen = written.pictures();
        Chat chat = pictures.isEmpty() ? written : written.with(pictures.get().messages(template.get(),
                written.messages(), new RenderOptions(false, written.tools(), render.variables())));
        AssistantSpans found = new AssistantSpans(template.get(), render, chat, lastOnly);
        if (!lastOnly && !found.hasToolCalls()) {
            found = withNullContents(chat);
        }
        ModelPictures.Rendered text = seen.isEmpty() ? new ModelPictures.Rendered(found.text(), List.of())
                : pictures.orElseThrow().expanded(found.text(), seen);
        int[] ids = tokenizer.encode(text.text(), false);
        TokenPlaces places = new TokenPlaces(tokenizer, text.text(), ids);
        BitSet trained = new BitSet();
        for (AssistantSpans.Span span : found.spans()) {
            int first = places.first(text.place(span.start()));
            int end = places.end(text.place(span.end()));
            trained.set(first, switch (span.kind()) {
                case MARKED -> end;
                case CLOSED -> closed(ids, first, end);
                case CONTENT -> afterMarker(chat, ids, end);
            });
        }
        boolean isMarked = found.spans().stream().anyMatch(s -> s.kind() == AssistantSpans.Span.Kind.MARKED);
        OptionalInt eos = tokenizer.eos();
        if (!isMarked && eos.isPresent() && trained.length() == ids.length && !isMarker(ids[ids.length - 1])) {
            ids = Arrays.copyOf(ids, ids.length + 1);
            ids[ids.length - 1] = eos.getAsInt();
            trained.set(ids.length - 1);
        }
        return seen.isEmpty() ? new MaskedTokens(ids, trained) : withRows(ids, trained, text.rows(), seen);
    }

    /// Repeats the placeholder of each run of rows for each of them.
    private MaskedTokens withRows(int[] ids, BitSet trained, List<Input.Rows> rows, List<Picture> seen) {
        Input input = pictures.orElseThrow().input(ids, 0, rows);
        int placeholder = pictures.get().placeholder();
        BitSet moved = new BitSet();
        int run = 0;
        int at = 0;
        for (int i = 0; i < ids.length; i++) {
            moved.set(at, trained.get(i));
            at += ids[i] == placeholder ? rows.get(run++).count() : 1;
        }
        return new MaskedTokens(input.ids(), moved, input.embedded().isEmpty() ? Optional.empty()
                : Optional.of(new MaskedTokens.Pictures(seen, pictures.get())));
    }

    /// Renders tool calls without content as some templates want them.
    private AssistantSpans withNullContents(Chat chat) throws CheckpointException {
        try {
            AssistantSpans found = new AssistantSpans(template.get(), render, chat.withNullContents(), false);
            if (found.hasToolCalls()) {
                return found;
            }
        } catch (TemplateException e) {
            // The template cannot take a null content, and leaves out the tool calls with an empty one.
        }
        throw chat.place().error("found tool calls, which the chat template " + template.get().name()
                + " does not render; take a model with a template for tool calls, or write them into the content");
    }

    /// The end of a turn: behind its end-of-turn token, without the white space that the template writes after it. A
    /// template without such a token (GLM) ends turns by the first token of the next one.
    private int closed(int[] ids, int from, int to) {
        int run = to;
        while (run > from && (isMarker(ids[run - 1]) || isBlank(ids[run - 1]))) {
            run--;
        }
        int end = -1;
        for (int i = run; i < to; i++) {
            if (tokenizer.endOfGeneration().contains(ids[i])) {
                return i + 1;
            }
            end = isMarker(ids[i]) ? i + 1 : end;
        }
        return end >= 0 ? end : to < ids.length && isMarker(ids[to]) ? to + 1 : to;
    }

    /// The end of a turn whose content ends at a token.
    private int afterMarker(Chat chat, int[] ids, int from) throws CheckpointException {
        if (from < ids.length && isMarker(ids[from])) {
            return from + 1;
        }
        for (int i = from; i < ids.length; i++) {
            if (tokenizer.endOfGeneration().contains(ids[i])) {
                return i + 1;
            }
        }
        throw chat.place().error("found no end-of-turn token after a turn of the assistant, expected one of the "
                + "tokens " + tokenizer.endOfGeneration() + " that end generation; put {% generation %} and "
                + "{% endgeneration %} around the assistant's text in the chat template");
    }

    private boolean isMarker(int id) {
        return tokenizer.isSpecial(id) || tokenizer.endOfGeneration().contains(id);
    }

    private boolean isBlank(int id) {
        return tokenizer.decode(new int[] {id}, false).isBlank();
    }

    /// Which tokens of a text cover which of its characters.
    static final class TokenPlaces {
        private final Tokenizer tokenizer;
        private final TrustedText text;
        private final int[] ids;
        /// The length of the text up to and including each token; empty if decoding does not restore the text.
        private final int[] ends;

        /// @param ids the tokens of the text, without others around it
        TokenPlaces(Tokenizer tokenizer, TrustedText text, int[] ids) {
            this.tokenizer = tokenizer;
            this.text = text;
            this.ids = ids;
            int[] lengths = new int[ids.length];
            StringBuilder decoded = new StringBuilder();
            StreamingDecoder decoder = tokenizer.streamingDecoder(false);
            for (int i = 0; i < ids.length; i++) {
                decoded.append(decoder.accept(ids[i]));
                lengths[i] = decoded.length();
            }
            decoded.append(decoder.finish());
            ends = decoded.toString().equals(text.toString()) ? lengths : new int[0];
        }

        /// The first token that covers the character at a place or one behind it.
        int first(int place) {
            if (ends.length == 0) {
                return common(place);
            }
            int token = 0;
            while (token < ends.length && ends[token] <= place) {
                token++;
            }
            // Tokens of single bytes complete no character; those before a character belong to it.
            while (token > 0 && ends[token - 1] == place && begin(token - 1) == place) {
                token--;
            }
            return token;
        }

        /// The token after the last one that covers a character before a place.
        int end(int place) {
            if (ends.length == 0) {
                int same = common(place);
                return same == encode(place).length ? same : same + 1;
            }
            int token = ends.length;
            while (token > 0 && begin(token - 1) >= place) {
                token--;
            }
            return token;
        }

        private int begin(int token) {
            return token == 0 ? 0 : ends[token - 1];
        }

        private int[] encode(int place) {
            return tokenizer.encode(AssistantSpans.part(text, place), false);
        }

        private int common(int place) {
            int[] part = encode(place);
            int different = Arrays.mismatch(part, ids);
            return different < 0 ? part.length : different;
        }
    }
}
