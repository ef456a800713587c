namespace Checkpointing.SiloHost.Http;

/// <summary>Whether this silo is active, and which active silos it sees.</summary>
internal static class HealthEndpoint
{
    public static void MapHealth(this IEndpointRouteBuilder routes) => routes.MapGet("/health", GetHealth);

    private static IResult GetHealth(IClusterMembershipService membership, ILocalSiloDetails silo)
    {
        var members = membership.CurrentSnapshot;
        var status = members.GetSiloStatus(silo.SiloAddress);
        if (status != SiloStatus.Active)
            return Results.Problem($"Silo {silo.SiloAddress} is {status}.", statusCode: StatusCodes.Status503ServiceUnavailable);

        string[] active = [.. members.Members.Values.Where(member => member.Status == SiloStatus.Active).Select(member => member.SiloAddress.ToParsableString()).Order(StringComparer.Ordinal)];
        return Results.Ok(new Health("healthy", silo.SiloAddress.ToParsableString(), active.Length, active));
    }
}

/// <param name="Status">That it serves.</param>
/// <param name="Silo">Its address.</param>
/// <param name="ActiveSilos">How many silos it knows to be active, itself among them.</param>
/// <param name="Addresses">Their addresses.</param>
internal sealed record Health(string Status, string Silo, int ActiveSilos, IReadOnlyList<string> Addresses);
