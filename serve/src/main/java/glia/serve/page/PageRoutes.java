package glia.serve.page;

import glia.serve.http.ErrorStyle;
import glia.serve.http.Route;
import glia.serve.http.Routes;
import glia.serve.openai.OpenAiFields;
import glia.serve.pool.ModelPool;
import glia.serve.request.Field;
import glia.serve.request.FieldTable;

/// The web page at `/`, and the routes that only it uses: `/glia/status` and `/glia/attention`.
public final class PageRoutes {
    private static final FieldTable FIELDS = OpenAiFields.conversation("attention", Field.text("answer"));

    /// Read once, by the first server.
    private static final class Files {
        private static final PageFiles READ = new PageFiles();
    }

    private PageRoutes() { }

    /// Adds the routes. The page's files need no API key: a browser cannot send one with an address that a user types,
    /// and they hold no data.
    public static void add(Routes routes, ModelPool models) {
        PageFiles files = Files.READ;
        for (String name : files.names()) {
            boolean isLasting = !name.equals(PageFiles.INDEX);
            routes.open(files.path(name), exchange -> files.send(exchange, name, isLasting));
        }
        // Browsers look for it beside documents that name no icon, such as an answer in JSON.
        routes.open("/favicon.ico", exchange -> files.send(exchange, "icon.svg", false));
        routes.probe("/glia/status", new ServerStatus(models)).add(Route.post("/glia/attention", ErrorStyle.OPENAI,
                "attention to the tokens of a chat", FIELDS, new AttentionEndpoint(models)));
    }
}
