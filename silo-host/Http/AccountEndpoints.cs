using Checkpointing.SiloHost.Bank;

namespace Checkpointing.SiloHost.Http;

/// <summary>Opening accounts and reading them.</summary>
internal static class AccountEndpoints
{
    public static void MapAccounts(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/accounts", Open);
        routes.MapGet("/accounts", async (IGrainFactory grains) => new AccountCount(await grains.GetAccountDirectory().Count()));
        routes.MapGet("/accounts/{account:int:min(0)}", GetBalance);
        routes.MapGet("/accounts/{account:int:min(0)}/statement", GetStatement);
    }

    private static async Task<IResult> Open(OpenAccountRequest request, IGrainFactory grains)
    {
        if (request.Cents is not (>= 0 and <= Transfer.MaximumCents))
            return InvalidInput.Of("cents", $"must be a whole number from 0 to {Transfer.MaximumCents}: the opening balance in cents");

        var opened = await grains.GetAccountDirectory().Open(request.Cents.Value);
        return opened is null
            ? Results.Problem($"The bank has {AccountDirectory.MaximumAccounts} accounts, and no room for more.", statusCode: StatusCodes.Status409Conflict)
            : Results.Created($"/accounts/{opened.Account}", new AccountBalance(opened.Account, opened.Cents));
    }

    private static async Task<IResult> GetBalance(int account, IGrainFactory grains) =>
        await IsOpen(account, grains) && await grains.GetAccount(account).GetBalance() is { } cents
            ? Results.Ok(new AccountBalance(account, cents))
            : NotOpen(account);

    private static async Task<IResult> GetStatement(int account, IGrainFactory grains) =>
        await IsOpen(account, grains) ? Results.Ok(await grains.GetAccount(account).GetStatement()) : NotOpen(account);

    // Asked first, so that a guessed number does not bring a grain to life.
    private static async Task<bool> IsOpen(int account, IGrainFactory grains) => account < await grains.GetAccountDirectory().Count();

    private static IResult NotOpen(int account) => Results.Problem(
        $"Account {account} is not open. Accounts are numbered from 0; POST /accounts opens the next one.",
        statusCode: StatusCodes.Status404NotFound);
}

internal sealed record OpenAccountRequest(long? Cents);

internal sealed record AccountBalance(int Account, long Cents);

internal sealed record AccountCount(int Count);
