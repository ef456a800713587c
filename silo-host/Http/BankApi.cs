using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Checkpointing.SiloHost.Http;

/// <summary>The HTTP API as a whole: JSON form, errors as ProblemDetails, routes.</summary>
internal static class BankApi
{
    /// <summary>The JSON of the API, for both ends.</summary>
    public static void ConfigureJson(JsonSerializerOptions json)
    {
        json.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        json.PropertyNameCaseInsensitive = true;
        json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
    }

    public static void AddBankApi(this IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(options => ConfigureJson(options.SerializerOptions));
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.AddProblemDetails();
        services.AddObservation();
    }

    public static void MapBankApi(this WebApplication application)
    {
        application.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = WriteProblem,

            // The client's mistake is told to the client, and what passes, too.
            SuppressDiagnosticsCallback = failed => failed.Exception is BadHttpRequestException || RetryableErrors.Of(failed.Exception) is not null,
        });
        application.UseStatusCodePages();
        application.MapGet("/", () => Results.Text(Overview));
        application.MapAccounts();
        application.MapTransfers();
        application.MapAudit();
        application.MapCheckpoints();
        application.MapHealth();
        application.MapSilo();
    }

    private static string Overview =>
        $$"""
        A bank whose grains are checkpointed consistently.

          POST /accounts                  {"cents":10000}                              opens the next account
          GET  /accounts                                                               how many there are
          GET  /accounts/{n}                                                           balance
          GET  /accounts/{n}/statement                                                 balance and every transfer that touched it
          POST /transfers                 {"id":"t1","from":0,"to":1,"cents":500}      moves money; a repeated id answers as before
          GET  /ledgers/{n}                                                            the transfers of one ledger
          GET  /audit                                                                  total and agreement of the books (exact while no transfer runs)
          POST /checkpoints               {} or {"account":0} or {"ledger":3}          takes a consistent checkpoint
          GET  /health
          GET  /silo                                                                   this silo: its grains, the silos it knows to be dead, grains rolled back

        An answer 503 has a "code", {{string.Join(", ", RetryableErrors.Codes)}}: the request may be repeated, a transfer with the same id.

        """;

    private static Task WriteProblem(HttpContext context)
    {
        var error = context.Features.Get<IExceptionHandlerFeature>()?.Error;
        ProblemHttpResult problem = error is BadHttpRequestException bad
            ? TypedResults.Problem(Reason(bad), statusCode: bad.StatusCode, title: "The request cannot be understood.")
            : RetryableErrors.Of(error) is { } retryable
                ? TypedResults.Problem(
                    $"{retryable.Effect} It may be repeated, a transfer with the same id. {error!.Message}",
                    statusCode: StatusCodes.Status503ServiceUnavailable,
                    title: retryable.Title,
                    extensions: new Dictionary<string, object?> { [RetryableErrors.CodeField] = retryable.Code })
                : TypedResults.Problem(
                    $"{error?.GetType().FullName}: {error?.Message}",
                    statusCode: StatusCodes.Status500InternalServerError,
                    title: "The bank failed to answer.");
        return problem.ExecuteAsync(context);
    }

    private static string Reason(BadHttpRequestException error) => error.InnerException is JsonException json
        ? $"The JSON body does not fit at {json.Path ?? "$"}, line {json.LineNumber + 1}: malformed, of the wrong type, or an unknown field. GET / shows an example."
        : error.Message;
}
